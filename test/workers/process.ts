import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { isReadyMessage, type ReadyMessage } from '../../src/embedded/child.ts'
import { PATIENT } from '../support/api.ts'

const LAST_WORDS_CHARACTERS = 2000

export type RealProcess = {
  pid: number
  /** Where the API, or the worker's monitor, listens; empty for a worker without one. */
  url: string
  /** Resolves with the exit code once it has ended; null where a signal ended it. */
  exited: Promise<number | null>
  kill(): Promise<void>
  stop(): Promise<number | null>
}

/** Starts `workers/run-jobs.ts` as a process of its own, monitored on a free port; resolves once it works the queues. */
export const startRealWorker = (env: Record<string, string>) =>
  startReal('../../workers/run-jobs.ts', { METRICS_PORT: '0', ...env })

/** Starts `workers/run-ingest.ts` as a process of its own; resolves once it runs, which is before it is connected. */
export const startRealIngest = (env: Record<string, string>) =>
  startReal('../../workers/run-ingest.ts', { METRICS_PORT: '0', ...PATIENT, ...env })

/** Starts `workers/run-persist.ts` as a process of its own, monitored on a free port; resolves once it asked for its shards. */
export const startRealPersist = (env: Record<string, string>) =>
  startReal('../../workers/run-persist.ts', { METRICS_PORT: '0', ...env })

/** Starts `src/server.ts` as a process of its own and resolves once it listens, on a free port. */
export const startRealApi = (env: Record<string, string>) =>
  startReal('../../src/server.ts', { PORT: '0', ...PATIENT, ...env })

async function startReal(entry: string, env: Record<string, string>): Promise<RealProcess> {
  const child = fork(fileURLToPath(new URL(entry, import.meta.url)), {
    env: { ...process.env, LOG_LEVEL: 'error', ...env },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc']
  })
  let lastWords = ''
  for (const output of [child.stdout!, child.stderr!]) {
    output.on('data', (chunk: Buffer) => (lastWords = (lastWords + chunk.toString()).slice(-LAST_WORDS_CHARACTERS)))
  }
  const ended = once(child, 'exit')
  const early = ended.then(([code]) => Promise.reject(new Error(`${entry} ended with code ${code}: ${lastWords}`)))
  const { url = '' } = await Promise.race([readyOf(child), early])
  early.catch(() => undefined)
  return {
    pid: child.pid!,
    url,
    exited: ended.then(([code]) => code as number | null),
    async kill() {
      child.kill('SIGKILL')
      await ended
    },
    async stop() {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM')
      await ended
      return child.exitCode
    }
  }
}

function readyOf(child: ChildProcess): Promise<ReadyMessage> {
  return new Promise((resolve) => child.on('message', (message) => isReadyMessage(message) && resolve(message)))
}
