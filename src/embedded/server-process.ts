import { spawn } from 'node:child_process'
import { closeSync, openSync, readSync, renameSync, statSync } from 'node:fs'
import { createServer } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { withTimeout } from '../timeout.ts'

/** An older log is kept once, as `<name>.previous`. */
const MAX_LOG_BYTES = 5_000_000
const LOG_TAIL_BYTES = 2000
const READY_TIMEOUT_MS = 120_000
const READY_POLL_MS = 10
const STOP_TIMEOUT_MS = 10_000
const MAX_PORT_ATTEMPTS = 5

/** Something embedded could not be started. The message is for the person at the terminal and says what to do. */
export class EmbeddedServiceError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'EmbeddedServiceError'
  }
}

export type ServerProcess = {
  readonly pid: number
  /** Resolves when the process has ended, whoever ended it, with how it ended. */
  readonly exited: Promise<string>
  /** Asks it to end; ends it by force after ten seconds. Resolves when it is gone. */
  stop(): Promise<void>
  /** Ends it at once. */
  kill(): void
}

export type ServerLaunch = {
  name: string
  command: string
  args: readonly string[]
  cwd: string
  env?: NodeJS.ProcessEnv
  /** Written to the server's standard input, which is then closed. */
  input?: string
  runAs?: { uid: number; gid: number }
  logFile: string
  stopSignal: NodeJS.Signals
  killSignal: NodeJS.Signals
  isReady(log: string): boolean
  /** Gives up starting. */
  signal?: AbortSignal
}

/**
 * Starts a server in its own process group, so that Ctrl-C in the terminal reaches Quotewire first and its services last.
 * Resolves when the server is ready; throws EmbeddedServiceError with the end of its log when it ends before that.
 */
export async function launchServer(launch: ServerLaunch): Promise<ServerProcess> {
  const logStart = rotateLog(launch.logFile)
  const log = openSync(launch.logFile, 'a', 0o600)
  const child = spawn(launch.command, launch.args, {
    cwd: launch.cwd,
    env: launch.env ?? process.env,
    detached: true,
    stdio: ['pipe', log, log],
    ...launch.runAs
  })
  closeSync(log)

  const state: { ending?: string } = {}
  const kill = () => void child.kill(launch.killSignal)
  const exited = new Promise<string>((resolve) => {
    const end = (how: string) => resolve((state.ending = how))
    child.once('exit', (code, signal) => end(signal ? `was ended by ${signal}` : `ended with code ${code}`))
    child.once('error', (error) => end(`could not be run: ${error.message}`))
  })
  // However this process ends, the server does not outlive it; only kill -9 leaves one to the next start.
  process.once('exit', kill)
  void exited.then(() => process.off('exit', kill))
  child.stdin?.on('error', () => {}) // a server that ended at once closes its input; its exit tells more
  child.stdin?.end(launch.input)

  const stop = async () => {
    for (const signal of [launch.stopSignal, launch.killSignal, 'SIGKILL' as const]) {
      if (state.ending !== undefined) return
      child.kill(signal)
      await withTimeout(exited, STOP_TIMEOUT_MS, () => undefined)
    }
  }

  const giveUpAt = Date.now() + READY_TIMEOUT_MS
  for (;;) {
    const written = readFrom(launch.logFile, logStart)
    if (state.ending !== undefined || child.pid === undefined) {
      const ending = state.ending ?? (await exited)
      throw new EmbeddedServiceError(`${launch.name} ${ending}\n${written.slice(-LOG_TAIL_BYTES).trim()}`)
    }
    if (launch.isReady(written)) return { pid: child.pid, exited, stop, kill }
    if (launch.signal?.aborted || Date.now() > giveUpAt) {
      await stop()
      launch.signal?.throwIfAborted()
      throw new EmbeddedServiceError(
        `${launch.name} was not ready after ${READY_TIMEOUT_MS / 1000} s; ${launch.logFile}`
      )
    }
    await delay(READY_POLL_MS)
  }
}

/**
 * Runs `start` with a free port of 127.0.0.1, and again with another one if somebody else was faster to take it; with
 * `wanted` on that port only.
 */
export async function onFreePort<T>(start: (port: number) => Promise<T>, wanted?: number): Promise<T> {
  if (wanted !== undefined) return start(wanted)
  for (let attempt = 1; ; attempt++) {
    const port = await freePort()
    try {
      return await start(port)
    } catch (error) {
      const portTaken = error instanceof EmbeddedServiceError && /address already in use/i.test(error.message)
      if (!portTaken || attempt === MAX_PORT_ATTEMPTS) throw error
    }
  }
}

/** A TCP port of 127.0.0.1 that is free at this moment. */
export async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', resolve)
  })
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  if (typeof address !== 'object' || address === null) throw new Error('A TCP server has no port')
  return address.port
}

function rotateLog(file: string): number {
  const bytes = statSync(file, { throwIfNoEntry: false })?.size ?? 0
  if (bytes <= MAX_LOG_BYTES) return bytes
  renameSync(file, `${file}.previous`)
  return 0
}

function readFrom(file: string, start: number): string {
  const descriptor = openSync(file, 'r')
  try {
    const buffer = Buffer.alloc(Math.max(0, statSync(file).size - start))
    return buffer.toString('utf8', 0, readSync(descriptor, buffer, 0, buffer.length, start))
  } finally {
    closeSync(descriptor)
  }
}
