import { once } from 'node:events'
import { createServer, type RequestListener, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { DependencyChecks } from '../market/dependency.ts'
import { checkDependencies } from './dependency-checks.ts'
import type { Metrics } from './metrics.ts'

export type MonitorOptions = {
  host: string
  /** 0 takes a free one. */
  port: number
  metrics: Pick<Metrics, 'contentType' | 'render'>
  dependencies: DependencyChecks
}

export type Monitor = { url: string; close(): Promise<void> }

/**
 * What Prometheus and a supervisor ask of a process that has no API: `/metrics`; `/api/health`, which answers 503 where a
 * service is away; and `/api/health/live`, which answers while the process does. Rejects where the port cannot be had.
 */
export async function startMonitor({ host, port, metrics, dependencies }: MonitorOptions): Promise<Monitor> {
  const answer: RequestListener = (request, response) => {
    const asked = new URL(request.url ?? '/', 'http://monitor').pathname
    if (request.method !== 'GET') send(response, 405, { error: 'Use GET' })
    else if (asked === '/metrics') void sendMetrics(response, metrics)
    else if (asked === '/api/health') void sendHealth(response, dependencies)
    else if (asked === '/api/health/live') send(response, 200, { live: true })
    else send(response, 404, { error: 'There are /metrics, /api/health and /api/health/live' })
  }
  const server = createServer(answer).listen(port, host)
  await once(server, 'listening')
  const address = server.address() as AddressInfo
  return {
    url: `http://${address.family === 'IPv6' ? `[${address.address}]` : address.address}:${address.port}`,
    async close() {
      server.close()
      server.closeAllConnections()
      if (server.listening) await once(server, 'close')
    }
  }
}

async function sendMetrics(response: ServerResponse, metrics: MonitorOptions['metrics']): Promise<void> {
  try {
    const text = await metrics.render()
    response.writeHead(200, { 'content-type': metrics.contentType, 'cache-control': 'no-store' }).end(text)
  } catch {
    send(response, 500, { error: 'The metrics could not be gathered' })
  }
}

async function sendHealth(response: ServerResponse, checks: DependencyChecks): Promise<void> {
  const dependencies = await checkDependencies(checks)
  const ready = Object.values(dependencies).every(({ status }) => status === 'up')
  send(response, ready ? 200 : 503, { status: ready ? 'ok' : 'unavailable', live: true, ready, dependencies })
}

function send(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' })
  response.end(JSON.stringify(body))
}
