import { constants } from 'node:os'
import { CommandFailure } from './failure.ts'

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** Ended from outside: by Ctrl-C, by a signal, or with its terminal. The exit code is 128 and the signal's number, as shells have it. */
export class Interrupted extends CommandFailure {
  constructor(signal: (typeof SIGNALS)[number]) {
    super(128 + constants.signals[signal], `ended by ${signal}`)
  }
}

/** Work that cleans up behind itself: the signal it is given aborts, with Interrupted, in place of the process's sudden end. */
export async function interruptible<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const ending = new AbortController()
  const handlers = SIGNALS.map((name) => [name, () => ending.abort(new Interrupted(name))] as const)
  for (const [name, handler] of handlers) process.on(name, handler)
  try {
    return await work(ending.signal)
  } catch (error) {
    ending.signal.throwIfAborted()
    throw error
  } finally {
    for (const [name, handler] of handlers) process.off(name, handler)
  }
}
