import { fork } from 'node:child_process'
import { abortable, withTimeout } from '../timeout.ts'
import { isReadyMessage } from './child.ts'
import { LogFile } from './log-file.ts'
import { EmbeddedServiceError } from './server-process.ts'

const READY_TIMEOUT_MS = 60_000
/** Longer than a child gives itself. */
const STOP_TIMEOUT_MS = 15_000
const LAST_WORDS_CHARACTERS = 2000

export type ChildOptions = {
  /** For people: "the API". */
  name: string
  /** Absolute path of the process's entry. */
  entry: string
  env: NodeJS.ProcessEnv
  /** Takes its output. */
  logFile: string
  /** Gives up starting. */
  signal?: AbortSignal
}

export type Child = {
  /** Where it listens, if it said so. */
  readonly url: string | undefined
  /** Resolves when it has ended, with how. */
  readonly exited: Promise<string>
  stop(): Promise<void>
  kill(): void
}

/**
 * Starts a process of ours and resolves when it reports that it is ready. It is told to stop by SIGTERM, or by the end
 * of its IPC channel if this process vanishes. Throws EmbeddedServiceError, with its last words, when it ends before.
 */
export async function startChild({ name, entry, env, logFile, signal }: ChildOptions): Promise<Child> {
  const log = new LogFile(logFile)
  // A process group of its own: the terminal's Ctrl-C is for `npm start`, which stops its children in order.
  const child = fork(entry, { env, detached: true, silent: true })
  let lastWords = ''
  for (const output of [child.stdout, child.stderr]) {
    output?.on('data', (chunk: Buffer) => (lastWords = (lastWords + chunk.toString()).slice(-LAST_WORDS_CHARACTERS)))
    output?.pipe(log, { end: false })
  }

  let ending: string | undefined
  const exited = new Promise<string>((resolve) => {
    const end = (how: string) => {
      ending = how
      log.end()
      resolve(how)
    }
    child.once('close', (code, signal) => end(signal ? `was ended by ${signal}` : `ended with code ${code}`))
    child.once('error', (error) => end(`could not be started: ${error.message}`))
  })
  const kill = () => void (ending === undefined && child.kill('SIGKILL'))
  const stop = async () => {
    if (ending !== undefined) return
    child.kill('SIGTERM')
    await withTimeout(exited, STOP_TIMEOUT_MS, () => undefined)
    kill()
    await exited
  }

  const ready = new Promise<{ url?: string }>((resolve) => {
    child.on('message', (message) => isReadyMessage(message) && resolve(message))
  })
  const begun = Promise.race([ready, exited])
  const first = await withTimeout(
    signal ? abortable(begun, signal).catch(() => undefined) : begun,
    READY_TIMEOUT_MS,
    () => undefined
  )
  if (typeof first === 'object') return { url: first.url, exited, stop, kill }
  await stop()
  signal?.throwIfAborted()
  const how = first ?? `was not ready after ${READY_TIMEOUT_MS / 1000} s`
  throw new EmbeddedServiceError(`${name} ${how}; its log is ${logFile}\n${lastWords.trim()}`)
}
