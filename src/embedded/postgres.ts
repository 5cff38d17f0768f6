import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { chown, mkdir, readFile, rename, rm, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { stopLeftovers } from './leftovers.ts'
import { findPostgres, POSTGRES_USER, type PostgresBinaries } from './postgres-binaries.ts'
import { keptSecret } from './secret.ts'
import { EmbeddedServiceError, launchServer, onFreePort, type ServerProcess } from './server-process.ts'

/** How its processes are called. */
export const POSTGRES_PROGRAM = /^postgres/
/** Names both the superuser and the database. */
const NAME = 'quotewire'
/** A plain environment: PGDATA, PGPORT or a translated LC_ALL of the user would change what the programs do. */
const ENVIRONMENT = { PATH: process.env.PATH ?? '', LC_ALL: 'C', TZ: 'UTC' }
const SETTINGS = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  max_connections: '200',
  shared_buffers: '128MB',
  log_timezone: 'UTC',
  timezone: 'UTC'
}
/** Where Postgres keeps what its processes share. Some containers give it next to nothing. */
const SHARED_MEMORY = '/dev/shm'
const SHARED_MEMORY_BYTES = 32_000_000
const WITHOUT_SHARED_MEMORY = { dynamic_shared_memory_type: 'mmap' }
const VOLATILE_SETTINGS = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off', autovacuum: 'off' }
const run = promisify(execFile)

export type PostgresOptions = {
  /** Quotewire's home, for a copy of the programs where one is needed. */
  home: string
  /** Holds the data, its password and the log; the three belong together. */
  directory: string
  /** False for data that may be lost with the machine, such as a test's. */
  durable?: boolean
  /** Where clients of an earlier one expect it; a free port otherwise. */
  port?: number
  /** Gives up starting. */
  signal?: AbortSignal
}

export type EmbeddedPostgres = ServerProcess & {
  /** Of the database `quotewire`, as its superuser. */
  readonly url: string
}

/**
 * Starts a Postgres on 127.0.0.1 and creates its data where there is none.
 * First ends what a crashed run left on the same data. Throws EmbeddedServiceError, saying what to do.
 */
export async function startPostgres({
  home,
  directory,
  durable = true,
  port: wanted,
  signal
}: PostgresOptions): Promise<EmbeddedPostgres> {
  const data = join(directory, 'data')
  const password = await keptSecret(join(directory, 'password'))
  await giveToPostgres(directory)
  await giveToPostgres(join(directory, 'password'))

  const madeBy = await readFile(join(data, 'PG_VERSION'), 'utf8').catch(() => undefined)
  const binaries = await findPostgres(home, madeBy === undefined ? undefined : Number(madeBy))
  const memory = (await lacksSharedMemory()) ? WITHOUT_SHARED_MEMORY : {}
  if (madeBy === undefined) await createData(binaries, directory, durable, memory)
  else await stopCrashedPostgres(directory)

  return onFreePort(async (port) => {
    const server = await launchServer({
      name: 'Postgres',
      command: join(binaries.directory, 'postgres'),
      args: [
        '-D',
        seenFromInside(data),
        '-p',
        `${port}`,
        ...asFlags({ ...SETTINGS, ...memory, ...(!durable && VOLATILE_SETTINGS) })
      ],
      cwd: data,
      env: ENVIRONMENT,
      runAs: POSTGRES_USER,
      logFile: join(directory, 'postgres.log'),
      stopSignal: 'SIGINT', // fast shutdown: it does not wait for clients
      killSignal: 'SIGQUIT', // immediate: its children end with it
      signal,
      isReady: () => postmaster(data)?.ready === true
    })
    return { ...server, url: `postgres://${NAME}:${password}@127.0.0.1:${port}/${NAME}` }
  }, wanted)
}

/** Complete or not there at all: an interrupted creation leaves a draft, which the next start replaces. */
async function createData(
  binaries: PostgresBinaries,
  directory: string,
  durable: boolean,
  memory: Record<string, string>
): Promise<void> {
  const draft = join(directory, 'data.draft')
  await rm(draft, { recursive: true, force: true })
  await mkdir(draft, { mode: 0o700 })
  await giveToPostgres(draft)

  const inDraft = { cwd: draft, env: ENVIRONMENT, ...POSTGRES_USER }
  const seen = seenFromInside(draft)
  try {
    const credentials = ['--auth=scram-sha-256', `--username=${NAME}`, `--pwfile=${seen}/../password`]
    const layout = ['--encoding=UTF8', '--no-locale', ...(durable ? [] : ['--no-sync'])]
    const flags = asFlags(memory)
    await run(join(binaries.directory, 'initdb'), ['-D', seen, ...credentials, ...layout, ...flags], inDraft)
    const creating = run(join(binaries.directory, 'postgres'), ['--single', '-D', seen, ...flags, 'postgres'], inDraft)
    creating.child.stdin?.end(`CREATE DATABASE ${NAME}\n`)
    await creating
  } catch (error) {
    const { stderr = '', message } = error as Error & { stderr?: string }
    throw new EmbeddedServiceError(`Postgres could not create its data: ${stderr.trim() || message}`, { cause: error })
  }
  await rename(draft, join(directory, 'data'))
}

/** Ends a server that a crashed run left working in `directory`, and makes its data ready for a new one. */
async function stopCrashedPostgres(directory: string): Promise<void> {
  const data = join(directory, 'data')
  await stopLeftovers({
    directory: data,
    program: POSTGRES_PROGRAM,
    // The others notice within milliseconds that their postmaster is gone, and finish in good order.
    leaders: (pids) => pids.filter((pid) => pid === postmaster(data)?.pid),
    signals: ['SIGINT', 'SIGQUIT']
  })
  // Nobody works on the data: whoever has this number now, it is not Postgres, which would refuse to start because of it.
  await rm(join(data, 'postmaster.pid'), { force: true })
}

/** What postmaster.pid says: the process number in its first line, the state in its eighth. */
function postmaster(data: string): { pid: number; ready: boolean } | undefined {
  try {
    const lines = readFileSync(join(data, 'postmaster.pid'), 'utf8').split('\n')
    return { pid: Number(lines[0]), ready: lines[7]?.trim() === 'ready' }
  } catch {
    return undefined
  }
}

/**
 * How a Postgres that works in `directory` names it. As `nobody` it may not walk there from the root of the file system
 * when the project lies in somebody's private folder; on Linux /proc/self/cwd leads there without walking.
 */
function seenFromInside(directory: string): string {
  return POSTGRES_USER && process.platform === 'linux' ? '/proc/self/cwd' : directory
}

/** Elsewhere than on Linux there is no such folder, and Postgres chooses well by itself. */
async function lacksSharedMemory(): Promise<boolean> {
  const room = await statfs(SHARED_MEMORY).catch(() => undefined)
  return room !== undefined && room.bavail * room.bsize < SHARED_MEMORY_BYTES
}

async function giveToPostgres(path: string): Promise<void> {
  if (POSTGRES_USER) await chown(path, POSTGRES_USER.uid, POSTGRES_USER.gid)
}

function asFlags(settings: Record<string, string>): string[] {
  return Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])
}
