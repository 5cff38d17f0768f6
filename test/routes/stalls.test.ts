import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ask } from '../../load/conversation.ts'
import { isReadyMessage } from '../../src/embedded/child.ts'
import type { Sandbox } from '../../src/sandbox/sandbox.ts'
import { PATIENT, SECRET } from '../support/api.ts'
import { testDatabase, testRedis, type TestDatabase, type TestRedis } from '../support/services.ts'
import { thoughtfulSandbox } from './market-under-test.ts'

/** Nobody may keep everybody else waiting for longer. */
const MAX_STALL_MS = 50
const PATIENCE_MS = 120_000
/** A stall that lies in the code is there in each try; one of the collector's, or of a cold cache of the processor, is not. */
const TRIES = 3

let redis: TestRedis
let database: TestDatabase
let sandbox: Sandbox
let child: ChildProcess
let url: string
let key: string

beforeAll(async () => {
  ;[redis, database, sandbox] = await Promise.all([testRedis(), testDatabase(), thoughtfulSandbox()])
  child = spawn(process.execPath, [join(import.meta.dirname, 'api-process.ts')], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    env: {
      ...process.env,
      ...PATIENT,
      REDIS_URL: redis.url,
      DATABASE_URL: database.url,
      JWT_SECRET: SECRET,
      MARKET: 'sandbox',
      SANDBOX_URL: sandbox.url,
      UPSTREAM_TIMEOUT_MS: '20000',
      REQUEST_DEADLINE_MS: '60000'
    }
  })
  const [message] = (await once(child, 'message')) as [unknown]
  if (!isReadyMessage(message)) throw new Error(`the API said ${JSON.stringify(message)}`)
  url = message.url!
  key = await ask<string>(child, 'key')
}, PATIENCE_MS)

afterAll(async () => {
  if (child.exitCode === null) {
    child.kill()
    await once(child, 'exit')
  }
  await sandbox.close()
  await database.close()
  await redis.close()
})

type Body = { bars?: unknown[] }

async function send(path: string, init: RequestInit = {}): Promise<string> {
  const headers = { authorization: `Bearer ${key}`, ...(init.body ? { 'content-type': 'application/json' } : {}) }
  const response = await fetch(url + path, { ...init, headers, signal: AbortSignal.timeout(PATIENCE_MS) })
  const text = await response.text()
  if (response.status !== 200) throw new Error(`${path}: ${response.status} ${text.slice(0, 500)}`)
  return text
}

const barsOf = async (query: string) =>
  (JSON.parse(await send(`/api/v1/market/historical/${query}`)) as Body).bars!.length

/** Walks the path until V8 has compiled it, and then a few times more; what is told is the least of the longest stalls. */
async function longestStall(work: (attempt: number) => Promise<unknown>): Promise<number> {
  const stalls: number[] = []
  for (let attempt = 0; attempt < TRIES + 1; attempt++) {
    await ask(child, 'recorded')
    await ask(child, 'longestMs')
    await work(attempt)
    await ask(child, 'recorded')
    stalls.push(await ask<number>(child, 'longestMs'))
  }
  return Math.min(...stalls.slice(1))
}

const COINS = ['BTC-USD', 'ETH-USD', 'SOL-USD', 'XRP-USD']
const SHARES = ['MSFT', 'JNJ', 'KO', 'XOM']

const PATHS: Record<string, (attempt: number) => Promise<unknown>> = {
  'cold bars of a minute over a month, around the clock': async (attempt) =>
    expect(await barsOf(`${COINS[attempt]}?interval=1m&range=1mo`)).toBeGreaterThan(40_000),
  'the same as rows': async (attempt) => {
    for (const format of ['csv', 'ndjson']) {
      const rows = await send(`/api/v1/market/historical/${COINS[attempt]}?interval=1m&range=1mo&format=${format}`)
      expect(rows.split('\n').length).toBeGreaterThan(40_000)
    }
  },
  'cold bars of a minute over a month, of a share': async (attempt) =>
    expect(await barsOf(`${SHARES[attempt]}?interval=1m&range=1mo`)).toBeGreaterThan(5000),
  'cold bars of days as far back as there are': async (attempt) =>
    expect(await barsOf(`${SHARES[attempt]}?range=max`)).toBeGreaterThan(5000),
  'the same for payouts too': async (attempt) =>
    expect(await barsOf(`${SHARES[attempt]}?range=max&adjusted=all`)).toBeGreaterThan(5000),
  'bars that overlap those that were written down before': async (attempt) => {
    const from = new Date(Date.now() - 29 * 86_400_000).toISOString().slice(0, 10)
    expect(await barsOf(`${COINS[attempt]}?interval=1m&from=${from}`)).toBeGreaterThan(40_000)
    expect(await barsOf(`${SHARES[attempt]}?from=1990-01-01`)).toBeGreaterThan(5000)
  },
  'the same as traded': async (attempt) =>
    expect(await barsOf(`${SHARES[attempt]}?range=max&adjusted=none`)).toBeGreaterThan(5000)
}

for (const [name, work] of Object.entries(PATHS)) {
  test(`${name} delay nobody`, { timeout: PATIENCE_MS }, async () => {
    expect(await longestStall(work)).toBeLessThan(MAX_STALL_MS)
  })
}
