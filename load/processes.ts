import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { isReadyMessage } from '../src/embedded/child.ts'

const READY_TIMEOUT_MS = 60_000
/** Linux counts CPU time in these, whatever the kernel's own tick is (sysconf(_SC_CLK_TCK)). */
const CLOCK_TICKS_PER_SECOND = 100

export type Server = {
  url: string
  child: ChildProcess
  /** The process stands still until it is resumed: an idle one collects its garbage in another's round. */
  pause(): void
  resume(): void
  stop(): Promise<void>
}

export type StartOptions = {
  /** Servers are measured on processor 0, so that those who ask them have processor 1; `0,1`: wherever there is room. */
  processor?: 0 | 1 | '0,1'
  nodeOptions?: readonly string[]
}

/** Starts a server of ours or a reference, with the Node options of this process. Resolves once it reports ready. */
export async function startServer(
  entry: string,
  env: Record<string, string>,
  { processor = 0, nodeOptions = [] }: StartOptions = {}
): Promise<Server> {
  const options = [...process.execArgv, ...nodeOptions]
  const child = spawn('taskset', ['-c', String(processor), process.execPath, ...options, entry], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    env: { ...process.env, LOG_LEVEL: 'error', HOST: '127.0.0.1', PORT: '0', ...env }
  })
  const failed = once(child, 'exit').then(([code]) => Promise.reject(new Error(`${entry} ended with code ${code}`)))
  const ready = new Promise<string>((resolve) => {
    child.on('message', (message) => {
      if (isReadyMessage(message) && message.url) resolve(message.url)
    })
  })
  const late = AbortSignal.timeout(READY_TIMEOUT_MS)
  const url = await Promise.race([ready, failed, once(late, 'abort').then(() => Promise.reject(late.reason as Error))])
  failed.catch(() => undefined)
  return {
    url,
    child,
    pause: () => void child.kill('SIGSTOP'),
    resume: () => void child.kill('SIGCONT'),
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return
      child.kill('SIGCONT')
      child.kill('SIGTERM')
      await once(child, 'exit')
    }
  }
}

/** Moves this process, and what it starts without a processor of its own, away from the servers that it measures. */
export function leaveProcessorToServers(): void {
  spawnSync('taskset', ['-cp', '1', String(process.pid)], { stdio: 'ignore' })
}

/** CPU seconds (user and system) that a process has used, of which the kernel keeps hundredths; 0 of one that is gone. */
export function cpuSecondsOf(pid: number): number {
  const path = `/proc/${pid}/stat`
  if (!existsSync(path)) return 0
  const stat = readFileSync(path, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) / CLOCK_TICKS_PER_SECOND
}

/** The same of a process together with those that it started and that are there. */
export function cpuSecondsOfFamily(pid: number): number {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number)
  return children.reduce((sum, child) => sum + cpuSecondsOf(child), cpuSecondsOf(pid))
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}

/** `sorted` ascending; `quantile` 0.99 for the 99th percentile. */
export function quantileOf(sorted: Float64Array, quantile: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * quantile))] ?? Number.NaN
}
