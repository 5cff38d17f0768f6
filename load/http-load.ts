import autocannon, { type Result } from 'autocannon'
import { cpuSecondsOf, type Server } from './processes.ts'

export type Round = {
  requests: number
  requestsPerSecond: number
  requestsPerCpuSecond: number
  latenciesMs: Float64Array
}

export type RoundOptions = {
  server: Server
  requests: readonly { path: string; headers?: Record<string, string> }[]
  connections: number
  seconds: number
  /** Requests per second over all connections; as fast as the server answers where absent. */
  rate?: number
}

/** One measured round: every answer must be a 200, and the CPU time is the server's own. */
export async function measureRound({ server, requests, connections, seconds, rate }: RoundOptions): Promise<Round> {
  const latencies: number[] = []
  const cpuBefore = cpuSecondsOf(server.child.pid!)
  const startedAt = performance.now()
  const result = await new Promise<Result>((resolve, reject) => {
    const instance = autocannon(
      {
        url: server.url,
        connections,
        duration: seconds,
        requests: requests.map((request) => ({ method: 'GET' as const, ...request })),
        ...(rate !== undefined && { overallRate: rate })
      },
      (error: unknown, measured) => (error ? reject(error) : resolve(measured))
    )
    instance.on('response', (_client, _status, _bytes, responseTimeMs) => latencies.push(responseTimeMs))
  })
  const elapsedSeconds = (performance.now() - startedAt) / 1000
  const cpuSeconds = cpuSecondsOf(server.child.pid!) - cpuBefore
  const answered = result['2xx']
  if (answered === 0 || result.non2xx > 0 || result.errors > 0) {
    throw new Error(`${server.url}: ${answered} answers, ${result.non2xx} of them no 200, ${result.errors} errors`)
  }
  return {
    requests: answered,
    requestsPerSecond: answered / elapsedSeconds,
    requestsPerCpuSecond: answered / cpuSeconds,
    latenciesMs: Float64Array.from(latencies).sort()
  }
}

/** `sorted` ascending; `quantile` 0.99 for the 99th percentile. */
export function quantileOf(sorted: Float64Array, quantile: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * quantile))] ?? Number.NaN
}
