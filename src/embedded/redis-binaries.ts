import { execFile } from 'node:child_process'
import { access, mkdir, mkdtemp, readdir, realpath, rename, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { delimiter, dirname, join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { downloadRedis } from './redis-download.ts'
import { SYSTEM_PACKAGES } from './redis-packages.ts'
import type { FindOptions, RedisSource } from './redis-source.ts'
import { EmbeddedServiceError } from './server-process.ts'

const PROGRAMS = ['redis-server', 'valkey-server']
const PROGRAM_FOLDERS = ['usr/bin', 'bin']
const LIBRARY_FOLDERS = ['usr/lib64', 'usr/lib', 'lib']
const run = promisify(execFile)

export type RedisBinary = {
  readonly program: string
  /** Where its shared libraries lie, when they are not the system's. */
  readonly libraries?: readonly string[]
}

const SOURCES: readonly RedisSource[] = [...SYSTEM_PACKAGES, { name: 'download', fetch: downloadRedis }]

/**
 * Finds a Redis (or Valkey) server: on the PATH, as an npm package, in `home`; otherwise fetches it into `home`, from the
 * system's packages (apt, apk, dnf) or as a pinned download. That needs no root and installs nothing.
 * Throws EmbeddedServiceError, which says how to provide Redis, and why each source gave none.
 */
export async function findRedis(home: string, options: FindOptions = {}): Promise<RedisBinary> {
  const found = await locateRedis(home, options.packagesOf)
  if (found) return found
  const failures: string[] = []
  for (const source of SOURCES) {
    try {
      options.onProgress?.(`looking for Redis: ${source.name}`)
      const fetched = await fetchInto(programsIn(home), source, options)
      if (fetched) return fetched
      failures.push(`${source.name}: the fetched server does not run`)
    } catch (error) {
      options.signal?.throwIfAborted()
      failures.push(`${source.name}: ${reason(error)}`)
    }
  }
  throw new EmbeddedServiceError([WAYS, 'The third was tried here:', ...failures].join('\n    '))
}

const WAYS = `Quotewire needs a Redis server, and found none. There are three ways to provide it:
  1. set REDIS_URL to a Redis (6.2 or newer, maxmemory-policy noeviction) that you run
  2. install one, for example: apt-get install redis-server, apk add valkey, dnf install valkey, or brew install redis
  3. let Quotewire fetch it into its own folder; this needs network, or a mirror in REDIS_DOWNLOAD_URL`

/** A server that is here already: on the PATH, brought by npm, or fetched by an earlier start. */
export async function locateRedis(home: string, packagesOf?: string): Promise<RedisBinary | undefined> {
  return (await onPath()) ?? (await packaged(packagesOf)) ?? (await unpacked(join(programsIn(home), 'redis')))
}

function programsIn(home: string): string {
  return join(resolve(home), 'programs')
}

async function onPath(): Promise<RedisBinary | undefined> {
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    const binary = await programIn(folder)
    if (binary) return binary
  }
  return undefined
}

/** A package that npm chose for this system, as it does for Postgres; its files lie below `native`. */
async function packaged(packagesOf: string = import.meta.url): Promise<RedisBinary | undefined> {
  try {
    const name = `@quotewire/valkey-${process.platform}-${process.arch}`
    const manifest = createRequire(packagesOf).resolve(`${name}/package.json`)
    return await unpacked(join(dirname(manifest), 'native'))
  } catch {
    return undefined
  }
}

async function unpacked(root: string): Promise<RedisBinary | undefined> {
  const libraries = await librariesIn(root)
  for (const folder of PROGRAM_FOLDERS) {
    const binary = await programIn(join(root, folder), libraries)
    if (binary) return binary
  }
  return undefined
}

async function programIn(folder: string, libraries?: readonly string[]): Promise<RedisBinary | undefined> {
  for (const name of PROGRAMS) {
    const binary = { program: join(folder, name), ...(libraries && { libraries }) }
    if (await runs(binary)) return binary
  }
  return undefined
}

async function librariesIn(root: string): Promise<string[]> {
  const folders = await Promise.all(
    LIBRARY_FOLDERS.map(async (name) => {
      const names = await readdir(join(root, name)).catch(() => undefined)
      const multiarch = names?.filter((each) => each.endsWith('-linux-gnu')) ?? []
      return names ? [...multiarch.map((each) => join(root, name, each)), join(root, name)] : []
    })
  )
  return folders.flat()
}

async function runs(binary: RedisBinary): Promise<boolean> {
  if (!(await exists(binary.program))) return false
  return run(binary.program, ['--version'], { env: redisEnvironment(binary) }).then(
    () => true,
    () => false
  )
}

/** The environment that lets the server find its libraries. */
export function redisEnvironment({ libraries = [] }: RedisBinary): NodeJS.ProcessEnv {
  const path = libraries.join(delimiter)
  return { PATH: process.env.PATH ?? '', LC_ALL: 'C', ...(path && { LD_LIBRARY_PATH: path }) }
}

/** Fetches into a draft folder, so that a half-fetched server is never seen. */
async function fetchInto(
  programs: string,
  source: RedisSource,
  options: FindOptions
): Promise<RedisBinary | undefined> {
  await mkdir(programs, { recursive: true })
  const workspace = await realpath(await mkdtemp(join(programs, 'redis.draft-')))
  try {
    const root = join(workspace, 'root')
    await mkdir(root)
    await source.fetch({ root, workspace }, options)
    const target = join(programs, 'redis')
    const existing = await unpacked(target)
    if (existing) return existing // somebody else was faster
    if (!(await unpacked(root))) return undefined
    await rm(target, { recursive: true, force: true })
    await rename(root, target)
    return await unpacked(target)
  } finally {
    await rm(workspace, { recursive: true, force: true })
  }
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false
  )
}

function reason(error: unknown): string {
  const { code, path, stderr, message } = error as NodeJS.ErrnoException & { stderr?: string }
  if (code === 'ENOENT') return `this system has no ${path}`
  return stderr?.trim().split('\n').at(-1) || message
}
