import { execFile } from 'node:child_process'
import { readdir, readFile, readlink, realpath } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import { EmbeddedServiceError } from './server-process.ts'

const PATIENCE_MS = 10_000
const POLL_MS = 20
const run = promisify(execFile)

export type Leftovers = {
  /** The server's data directory. Postgres and Redis both work in theirs, which is how their processes are found. */
  directory: string
  program: RegExp
  /** Chooses, among the processes found, those that may be asked to stop; the others follow them. */
  leaders: (pids: readonly number[]) => readonly number[]
  signals: readonly NodeJS.Signals[]
}

/**
 * Ends the servers that a crashed run left working on a data directory, so that there is never a second one on the same
 * data. A pid file alone proves nothing: after a reboot its number belongs to somebody else.
 */
export async function stopLeftovers({ directory, program, leaders, signals }: Leftovers): Promise<void> {
  for (const signal of signals) {
    const pids = await serversIn(directory, program)
    if (pids.length === 0) return
    for (const pid of leaders(pids)) send(signal, pid)
    if (await allGone(directory, program)) return
  }
  for (const pid of await serversIn(directory, program)) send('SIGKILL', pid)
  if (await allGone(directory, program)) return
  throw new EmbeddedServiceError(`A server of an earlier run still works on ${directory} and cannot be stopped`)
}

async function allGone(directory: string, program: RegExp): Promise<boolean> {
  for (const giveUpAt = Date.now() + PATIENCE_MS; Date.now() < giveUpAt; await delay(POLL_MS)) {
    if ((await serversIn(directory, program)).length === 0) return true
  }
  return false
}

/** Numbers of the processes of `program` that work in a directory. */
export async function serversIn(directory: string, program: RegExp): Promise<number[]> {
  const path = await realpath(directory).catch(() => undefined)
  if (path === undefined) return [] // never created
  return process.platform === 'linux' ? fromProc(path, program) : fromLsof(path, program)
}

async function fromProc(directory: string, program: RegExp): Promise<number[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
  const found = await Promise.all(
    pids.map(async (pid) => {
      try {
        const here = (await readlink(`/proc/${pid}/cwd`)) === directory
        return here && program.test(await readFile(`/proc/${pid}/comm`, 'utf8')) ? [Number(pid)] : []
      } catch {
        return [] // it ended meanwhile, or it belongs to another user and is therefore none of ours
      }
    })
  )
  return found.flat()
}

async function fromLsof(directory: string, program: RegExp): Promise<number[]> {
  // -F prints one field per line: p<pid>, c<command>. Nothing found is exit code 1.
  const { stdout } = await run('lsof', ['-a', '-d', 'cwd', '-Fpc', '--', directory]).catch(() => ({ stdout: '' }))
  return [...stdout.matchAll(/^p(\d+)\nc(.*)$/gm)].flatMap(([, pid, command]) =>
    program.test(command ?? '') ? [Number(pid)] : []
  )
}

function send(signal: NodeJS.Signals, pid: number): void {
  try {
    process.kill(pid, signal)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}
