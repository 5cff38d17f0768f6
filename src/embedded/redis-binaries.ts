import { execFile } from 'node:child_process'
import { access, mkdir, mkdtemp, readdir, realpath, rename, rm } from 'node:fs/promises'
import { delimiter, join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { EmbeddedServiceError } from './server-process.ts'

const PROGRAMS = ['redis-server', 'valkey-server']
/** What redis-server needs beyond a minimal Debian 12, for when apt cannot work it out (broken or half-configured). */
const USUAL_PACKAGES = ['redis-server', 'redis-tools', 'libjemalloc2', 'liblzf1']
const APT_TIMEOUT_MS = 180_000
const run = promisify(execFile)

export type RedisBinary = {
  readonly program: string
  /** Where its shared libraries lie, when they are not the system's. */
  readonly libraries?: string
}

export type FindOptions = { onProgress?: (step: string) => void; signal?: AbortSignal }

/**
 * Finds a Redis (or Valkey) server: on the PATH, otherwise in `home`, where it is fetched to with apt. That needs no
 * root and installs nothing. Throws EmbeddedServiceError, which says the three ways to provide Redis.
 */
export async function findRedis(home: string, { onProgress, signal }: FindOptions = {}): Promise<RedisBinary> {
  const found = await locateRedis(home)
  if (found) return found
  try {
    onProgress?.('fetching redis-server with apt (once, 1.5 MB)')
    await fetchWithApt(programsIn(home), signal)
  } catch (error) {
    signal?.throwIfAborted()
    throw new EmbeddedServiceError(`${THREE_WAYS}\nThe third was tried here: ${reason(error)}`, { cause: error })
  }
  const fetched = await locateRedis(home)
  if (fetched) return fetched
  throw new EmbeddedServiceError(`${THREE_WAYS}\nThe third was tried here: the fetched redis-server does not run`)
}

const THREE_WAYS = `Quotewire needs a Redis server, and found none. There are three ways to provide it:
  1. set REDIS_URL to a Redis (6.2 or newer, maxmemory-policy noeviction) that you run
  2. install one, for example: apt-get install redis-server, or brew install redis
  3. on Debian and Ubuntu, let Quotewire fetch it into its own folder; this needs network and apt-get`

/** A server that is here already: on the PATH, or fetched by an earlier start. */
export async function locateRedis(home: string): Promise<RedisBinary | undefined> {
  return (await onPath()) ?? (await unpacked(join(programsIn(home), 'redis')))
}

function programsIn(home: string): string {
  return join(resolve(home), 'programs')
}

async function onPath(): Promise<RedisBinary | undefined> {
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    for (const name of PROGRAMS) {
      const binary = { program: join(folder, name) }
      if (await runs(binary)) return binary
    }
  }
  return undefined
}

async function unpacked(root: string): Promise<RedisBinary | undefined> {
  const program = join(root, 'usr/bin/redis-server')
  if (!(await exists(program))) return undefined
  const folders = await readdir(join(root, 'usr/lib'))
  const multiarch = folders.find((name) => name.endsWith('-linux-gnu')) ?? ''
  const binary = { program, libraries: join(root, 'usr/lib', multiarch) }
  return (await runs(binary)) ? binary : undefined
}

async function runs(binary: RedisBinary): Promise<boolean> {
  if (!(await exists(binary.program))) return false
  return run(binary.program, ['--version'], { env: redisEnvironment(binary) }).then(
    () => true,
    () => false
  )
}

/** The environment that lets the server find its libraries. */
export function redisEnvironment({ libraries }: RedisBinary): NodeJS.ProcessEnv {
  return { PATH: process.env.PATH ?? '', LC_ALL: 'C', ...(libraries && { LD_LIBRARY_PATH: libraries }) }
}

/** Downloads the packages into a draft folder and unpacks them there, so that a half-fetched server is never seen. */
async function fetchWithApt(programs: string, signal?: AbortSignal): Promise<void> {
  await mkdir(programs, { recursive: true })
  const draft = await realpath(await mkdtemp(join(programs, 'redis.draft-')))
  try {
    const apt = aptIn(draft, signal)
    try {
      await downloadKnown(apt)
    } catch (error) {
      if (isAptMissing(error)) throw error
      signal?.throwIfAborted()
      await downloadAfresh(draft, apt)
    }
    for (const file of await readdir(draft)) {
      if (file.endsWith('.deb')) await run('dpkg-deb', ['-x', file, join(draft, 'root')], { cwd: draft })
    }
    const target = join(programs, 'redis')
    if (await unpacked(target)) return // somebody else was faster
    await rm(target, { recursive: true, force: true })
    await rename(join(draft, 'root'), target)
  } finally {
    await rm(draft, { recursive: true, force: true })
  }
}

async function downloadKnown(apt: Apt): Promise<void> {
  await apt(['download', ...(await missingPackages(apt, []))])
}

/**
 * With package lists of its own, away from the system's, which only root may write. They are fetched where the system's
 * are absent, as in most containers, or so old that what they name is gone from the servers.
 */
async function downloadAfresh(draft: string, apt: Apt): Promise<void> {
  const lists = join(draft, 'lists')
  await mkdir(join(lists, 'partial'), { recursive: true })
  const options = ['-o', `Dir::State::Lists=${lists}`, '-o', `Dir::Cache=${draft}`, '-o', 'APT::Sandbox::User=']
  // A list that cannot be fetched is a warning to apt, for another one may do.
  const { stderr: warnings } = await apt([...options, '-o', 'Acquire::Languages=none', 'update'])
  try {
    const packages = await missingPackages(apt, options).catch(() => USUAL_PACKAGES)
    await apt([...options, 'download', ...packages])
  } catch (error) {
    throw warnings ? new Error(warnings.trim().split('\n')[0], { cause: error }) : error
  }
}

/** Which packages this machine lacks for a Redis server, by apt's own reckoning. */
async function missingPackages(apt: Apt, options: readonly string[]): Promise<string[]> {
  const flags = ['-o', 'Debug::NoLocking=1', '--print-uris', '--yes', '--no-install-recommends']
  const { stdout } = await apt([...options, ...flags, 'install', 'redis-server'])
  const names = [...stdout.matchAll(/^'[^']+' ([^_\s]+)_\S+\.deb /gm)].flatMap(([, name]) => name ?? [])
  return names.includes('redis-server') ? names : USUAL_PACKAGES
}

type Apt = (args: readonly string[]) => Promise<{ stdout: string; stderr: string }>

function aptIn(cwd: string, signal?: AbortSignal): Apt {
  const env = { ...process.env, LC_ALL: 'C' }
  return (args) => run('apt-get', args, { cwd, env, signal, timeout: APT_TIMEOUT_MS })
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false
  )
}

function isAptMissing(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ENOENT'
}

function reason(error: unknown): string {
  if (isAptMissing(error)) return 'this system has no apt-get'
  const { stderr, message } = error as Error & { stderr?: string }
  return stderr?.trim().split('\n').at(-1) ?? message
}
