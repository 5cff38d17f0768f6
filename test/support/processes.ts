import { readdirSync, readFileSync, readlinkSync } from 'node:fs'

/** What a process of ours needs of this one's environment, and no more; compiled code is kept from one start to the next. */
export const BARE_ENV = { PATH: process.env['PATH'], NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'] }

export type FoundProcess = { pid: number; command: string }

/**
 * What runs because of a folder: processes that work inside it, and those whose QUOTEWIRE_HOME it is or holds.
 * Looks into /proc: elsewhere than on Linux it finds nothing.
 */
export function processesIn(folder: string): FoundProcess[] {
  if (process.platform !== 'linux') return []
  return readdirSync('/proc').flatMap((name) => {
    if (!/^\d+$/.test(name)) return []
    try {
      const home = /(?:^|\0)QUOTEWIRE_HOME=([^\0]*)/.exec(readFileSync(`/proc/${name}/environ`, 'utf8'))?.[1]
      if (!isInside(readlinkSync(`/proc/${name}/cwd`), folder) && !isInside(home, folder)) return []
      const command = readFileSync(`/proc/${name}/cmdline`, 'utf8').replaceAll('\0', ' ')
      return [{ pid: Number(name), command }]
    } catch {
      return [] // it ended meanwhile
    }
  })
}

/** The one of them whose command names `entry`. */
export function pidOf(folder: string, entry: string): number {
  const found = processesIn(folder).find(({ command }) => command.includes(entry))
  if (!found) throw new Error(`No process runs ${entry}`)
  return found.pid
}

/** Ends them at once. */
export function killProcessesIn(folder: string): void {
  for (const { pid } of processesIn(folder)) {
    try {
      process.kill(pid, 'SIGKILL')
    } catch {
      // it ended meanwhile
    }
  }
}

function isInside(path: string | undefined, folder: string): boolean {
  return path === folder || (path?.startsWith(`${folder}/`) ?? false)
}
