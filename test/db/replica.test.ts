import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import postgres from 'postgres'
import { afterAll, beforeAll, expect, inject, test, vi } from 'vitest'
import { createDatabase } from '../../db/client.ts'
import { migrate } from '../../db/migrate.ts'
import { startPostgres, type EmbeddedPostgres } from '../../src/embedded/postgres.ts'
import { replicaReached } from '../../src/commands/replica-reach.ts'
import { loadConfig } from '../../src/config/config.ts'
import type { StoredTick } from '../../src/market/stored-tick.ts'
import { startWorld, type Api, type ApiWorld } from '../support/api.ts'
import { PROGRAMS_HOME } from '../support/folders.ts'
import { startStandby } from './standby.ts'
import { storeReports } from './stored-reports.ts'

const FIRST_MS = Date.parse('2026-11-16T15:00:00Z')
/** A look takes two seconds, and it takes two to notice. */
const NOTICED = { timeout: 20_000, interval: 100 }

let world: ApiWorld
let primary: EmbeddedPostgres
let standby: EmbeddedPostgres
let folder: string
let primaryFolder: string
let api: Api
let token: string

beforeAll(async () => {
  world = await startWorld()
  folder = await mkdtemp(join(inject('runFolder'), 'replica-'))
  primaryFolder = join(folder, 'primary')
  primary = await startPostgres({ home: PROGRAMS_HOME, directory: primaryFolder, durable: false })
  await migrate(primary.url, 'live')
  standby = await startStandby({ url: primary.url, folder: primaryFolder }, join(folder, 'standby'))
  api = await world.startApi({ DATABASE_URL: primary.url, DATABASE_REPLICA_URL: standby.url })
  token = (await api.login()).token
})
afterAll(async () => {
  await world.close()
  await standby.stop()
  await primary.stop()
  await rm(folder, { recursive: true })
})

async function store(count: number): Promise<void> {
  const database = createDatabase({ url: primary.url })
  const ticks = Array.from({ length: count }, (_, at) => ({
    symbol: 'IBM',
    asOf: { ms: FIRST_MS + at, ns: 0 },
    sequence: at,
    tradeDate: '2026-11-16',
    price: 190,
    size: 1,
    tradeId: String(at),
    source: 'alpaca' as const,
    feed: 'iex' as const,
    receivedAt: FIRST_MS + at
  }))
  await storeReports(database, 'IBM', (instrumentId) =>
    ticks.map((tick) => ({ instrumentId, kind: 'trade' as const, tick }))
  )
  await database.close()
}

async function storedTicks(): Promise<number> {
  const answer = await api.get('/api/v1/marketdata/ticks/IBM?start=2026-11-16&end=2026-11-16', token)
  return answer.status === 200 ? (answer.json() as { ticks: StoredTick[] }).ticks.length : 0
}

async function stateOfReplica(): Promise<string | undefined> {
  const { dependencies } = (await api.get('/api/health')).json() as { dependencies: Record<string, { status: string }> }
  return dependencies.postgresReplica?.status
}

async function onStandby(statement: string): Promise<void> {
  const sql = postgres(standby.url, { max: 1 })
  try {
    await sql.unsafe(statement)
  } finally {
    await sql.end()
  }
}

test('stored trades are read from a replica that keeps up, from the primary else, and by nobody missed', async () => {
  await store(1)
  await vi.waitFor(async () => expect(await stateOfReplica()).toBe('up'), NOTICED)
  await vi.waitFor(async () => expect(await storedTicks()).toBe(1), NOTICED)

  // The replica stands still, and the primary goes on.
  await onStandby('select pg_wal_replay_pause()')
  await store(2)
  await vi.waitFor(async () => expect(await stateOfReplica()).toBe('down'), NOTICED)
  expect(await storedTicks()).toBe(2)
  await onStandby('select pg_wal_replay_resume()')
  await vi.waitFor(async () => expect(await stateOfReplica()).toBe('up'), NOTICED)

  await primary.stop()
  expect(await storedTicks()).toBe(2)
  const [, port] = /:(\d+)\//.exec(primary.url)!
  primary = await startPostgres({ home: PROGRAMS_HOME, directory: primaryFolder, durable: false, port: Number(port) })

  await standby.stop()
  expect(await storedTicks()).toBe(2)
})

test('npm run doctor tells a standby of another server, and one that does not answer', async () => {
  const told = (replica: string) =>
    replicaReached(loadConfig({ MARKET: 'live', DATABASE_URL: primary.url, DATABASE_REPLICA_URL: replica }))
  expect(await told(primary.url)).toEqual({ state: 'problem', detail: 'DATABASE_REPLICA_URL is no standby' })
  expect(await told(world.databaseUrl)).toMatchObject({ detail: 'DATABASE_REPLICA_URL belongs to another primary' })
  expect((await told(standby.url))?.detail).toMatch(/does not answer/)
})
