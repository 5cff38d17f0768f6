import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { isReadyMessage, type ReadyMessage } from '../../src/embedded/child.ts'

export type RealProcess = {
  pid: number
  /** Where it listens; empty for one that does not. */
  url: string
  kill(): Promise<void>
  stop(): Promise<number | null>
}

/** Starts `workers/run-jobs.ts` as a process of its own and resolves once it works the queues. */
export const startRealWorker = (env: Record<string, string>) => startReal('../../workers/run-jobs.ts', env)

/** Starts `src/server.ts` as a process of its own and resolves once it listens, on a free port. */
export const startRealApi = (env: Record<string, string>) => startReal('../../src/server.ts', { PORT: '0', ...env })

async function startReal(entry: string, env: Record<string, string>): Promise<RealProcess> {
  const child = fork(fileURLToPath(new URL(entry, import.meta.url)), {
    env: { ...process.env, LOG_LEVEL: 'error', ...env },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc']
  })
  const ended = once(child, 'exit')
  const early = ended.then(([code]) => Promise.reject(new Error(`the process ended with code ${code}`)))
  const { url = '' } = await Promise.race([readyOf(child), early])
  early.catch(() => undefined)
  return {
    pid: child.pid!,
    url,
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
