import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { isReadyMessage } from '../../src/embedded/child.ts'

const ENTRY = fileURLToPath(new URL('../../workers/run-jobs.ts', import.meta.url))

export type RealWorker = { pid: number; kill(): Promise<void>; stop(): Promise<number | null> }

/** Starts `workers/run-jobs.ts` as a process of its own and resolves once it works the queues. */
export async function startRealWorker(env: Record<string, string>): Promise<RealWorker> {
  const child = fork(ENTRY, {
    env: { ...process.env, LOG_LEVEL: 'error', ...env },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc']
  })
  const ended = once(child, 'exit')
  const early = ended.then(([code]) => Promise.reject(new Error(`the worker ended with code ${code}`)))
  await Promise.race([readyOf(child), early])
  early.catch(() => undefined)
  return {
    pid: child.pid!,
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

function readyOf(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => child.on('message', (message) => isReadyMessage(message) && resolve()))
}
