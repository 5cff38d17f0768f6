import { rmSync } from 'node:fs'
import { chmod, mkdtemp, readdir, rm, stat, statfs } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import postgres from 'postgres'
import type { TestProject } from 'vitest/node'
import { migrate } from '../../db/migrate.ts'
import { startPostgres } from '../../src/embedded/postgres.ts'
import { startRedis } from '../../src/embedded/redis.ts'
import { killProcessesIn } from './processes.ts'

declare module 'vitest' {
  interface ProvidedContext {
    redisUrl: string
    /** Whose user may create databases; tests work in copies of the template, never in this database itself. */
    databaseUrl: string
    templateDatabase: string
    /** What tests write lies in here, and goes with the run. */
    runFolder: string
  }
}

type Service = { url: string; stop(): Promise<void>; kill(): void }

const RUN_PREFIX = 'quotewire-test-'
/** Linux keeps this in memory: each test's database is hundreds of files, which on some disks take a second to create. */
const IN_MEMORY = '/dev/shm'
/** What the databases of one run and their log may grow to. Some containers give far less. */
const DATABASES_BYTES = 4 * 2 ** 30
/** Programs once fetched for `npm start` serve tests as well, so only the first of both waits for a download. */
const home = resolve(process.env.QUOTEWIRE_HOME || '.quotewire')

/**
 * Starts, once per test run, the real services that tests use. With DATABASE_URL or REDIS_URL set, that one is used and
 * nothing is started. Data lies in folders of this run and goes with them, so that two runs never meet.
 */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const databasesRoot = (await hasRoomInMemory()) ? IN_MEMORY : tmpdir()
  for (const root of new Set([tmpdir(), databasesRoot])) await removeKilledRuns(root)
  const [folder, databases] = await Promise.all([tmpdir(), databasesRoot].map(createRunFolder))
  const folders = [folder!, databases!]
  const services: Service[] = []
  // Ctrl-C ends vitest without a teardown. Nothing here is worth a gentle end.
  const endNow = () => {
    for (const service of services) service.kill()
    for (const each of folders) {
      killProcessesIn(each)
      rmSync(each, { recursive: true, force: true, maxRetries: 10 })
    }
  }
  process.once('exit', endNow)
  const end = async () => {
    await Promise.all(services.map((service) => service.stop()))
    process.off('exit', endNow)
    await Promise.all(folders.map((each) => rm(each, { recursive: true, force: true })))
  }

  try {
    const note = <S extends Service>(service: S): S => {
      services.push(service)
      return service
    }
    const [database, redis] = await Promise.all([
      external(process.env.DATABASE_URL) ??
        startPostgres({ home, directory: join(databases!, 'postgres'), durable: false }).then(note),
      external(process.env.REDIS_URL) ??
        startRedis({
          home,
          directory: join(folder!, 'redis'),
          onProgress: announce,
          downloadBaseUrl: process.env.REDIS_DOWNLOAD_URL
        }).then(note)
    ])
    const templateDatabase = `quotewire_template_${process.pid}`
    await createTemplate(database.url, templateDatabase)
    project.provide('redisUrl', redis.url)
    project.provide('databaseUrl', database.url)
    project.provide('templateDatabase', templateDatabase)
    project.provide('runFolder', folder!)
    return async () => {
      await withDatabase(database.url, (sql) => sql`drop database if exists ${sql(templateDatabase)}`)
      await end()
    }
  } catch (error) {
    await end()
    throw error
  }
}

async function hasRoomInMemory(): Promise<boolean> {
  const room = await statfs(IN_MEMORY).catch(() => undefined)
  return room !== undefined && room.bavail * room.bsize >= DATABASES_BYTES
}

async function createRunFolder(root: string): Promise<string> {
  const folder = await mkdtemp(join(root, `${RUN_PREFIX}${process.pid}-`))
  await chmod(folder, 0o711) // a test that becomes an ordinary user reaches its own folder inside
  return folder
}

function external(url: string | undefined): { url: string } | undefined {
  return url ? { url } : undefined
}

function announce(step: string): void {
  process.stderr.write(`${step}\n`)
}

/** Migrating takes longer than copying: tests get copies of one migrated database. */
async function createTemplate(url: string, name: string): Promise<void> {
  await withDatabase(url, (sql) => sql`create database ${sql(name)}`)
  const template = new URL(url)
  template.pathname = name
  await migrate(template.href)
}

async function withDatabase(url: string, work: (sql: postgres.Sql) => Promise<unknown>): Promise<void> {
  const sql = postgres(url, { max: 1, onnotice: () => {} })
  try {
    await work(sql)
  } finally {
    await sql.end()
  }
}

/** A run ended by `kill -9` could not clean up after itself: the next one of the same user does. */
async function removeKilledRuns(root: string): Promise<void> {
  for (const name of await readdir(root)) {
    const pid = Number(name.startsWith(RUN_PREFIX) && name.slice(RUN_PREFIX.length).split('-')[0])
    if (!pid || isRunning(pid)) continue
    const folder = join(root, name)
    const found = await stat(folder).catch(() => undefined)
    if (!found || (process.getuid && found.uid !== process.getuid())) continue
    killProcessesIn(folder)
    await rm(folder, { recursive: true, force: true })
  }
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
