import { pino } from 'pino'
import { expect, onTestFinished, test } from 'vitest'
import { createDatabase } from '../../db/client.ts'
import { createStores } from '../../db/stores.ts'
import { GapWriter } from '../../workers/ingest/gap-writer.ts'
import { createGate } from '../db/gate.ts'
import { storesUnderTest } from '../db/stores-under-test.ts'

const under = storesUnderTest()

test('a gap that Postgres refuses for what it says keeps no other one out of the ledger, and is logged', async () => {
  const logged: string[] = []
  const log = pino({ level: 'error' }, { write: (line) => void logged.push(line) })
  const { gaps, instruments } = under.stores
  const writer = new GapWriter({ gaps, instruments, log })
  const subject = { source: 'alpaca', feed: 'iex', reason: 'outage' } as const
  writer.missed(subject, [
    { symbol: 'IBM', from: 1000, until: 1500 },
    { symbol: 'AAPL', from: 2000, until: 1000 },
    { symbol: 'MSFT', from: 1000, until: 2000 }
  ])
  await writer.close()
  const held = await gaps.list({ from: 0, to: 3000 }, 10)
  expect(held).toMatchObject([
    { symbol: 'MSFT', fromAt: '1970-01-01T00:00:01.000Z' },
    { symbol: 'IBM', fromAt: '1970-01-01T00:00:01.000Z' }
  ])
  expect(logged).toHaveLength(1)
  expect(JSON.parse(logged[0]!)).toMatchObject({ err: { message: expect.stringContaining('gaps_order') } })
})

test("a symbol that Postgres cannot name keeps no other one's gap out of the ledger", async () => {
  const { gaps, instruments } = under.stores
  const writer = new GapWriter({ gaps, instruments, log: pino({ level: 'silent' }) })
  const subject = { source: 'tiingo', feed: 'iex', reason: 'joined_late' } as const
  writer.missed(subject, [
    { symbol: 'IBM', from: 1000, until: 1500 },
    { symbol: 'A\u0000', from: 1000, until: 1500 },
    { symbol: 'MSFT', from: 1000, until: 2000 }
  ])
  await writer.close()
  const held = await gaps.list({ source: 'tiingo', from: 0, to: 3000 }, 10)
  expect(new Set(held.map(({ symbol }) => symbol))).toEqual(new Set(['IBM', 'MSFT']))
})

test('a gap of a symbol without an instrument does not become one of the whole feed', async () => {
  const { gaps, instruments } = under.stores
  const logged: string[] = []
  const log = pino({ level: 'error' }, { write: (line) => void logged.push(line) })
  const upsert: typeof instruments.upsert = async (facts) => {
    const ids = await instruments.upsert(facts)
    ids.delete('GONE')
    return ids
  }
  const writer = new GapWriter({ gaps, instruments: { upsert }, log })
  const subject = { source: 'upstox', feed: 'consolidated', reason: 'joined_late' } as const
  writer.missed(subject, [
    { symbol: 'GONE', from: 1000, until: 1500 },
    { symbol: 'MSFT', from: 1000, until: 2000 }
  ])
  await writer.close()
  expect((await gaps.list({ source: 'upstox', from: 0, to: 3000 }, 10)).map(({ symbol }) => symbol)).toEqual(['MSFT'])
  expect(logged).toHaveLength(1)
})

test('what symbols missed is in the ledger once where Postgres goes away while a gap among theirs is refused', async () => {
  const gate = await createGate(under.url)
  const database = createDatabase({ url: gate.url })
  onTestFinished(async () => {
    await database.close()
    await gate.shut()
  })
  const { gaps, instruments } = createStores(database)
  let isAway = false
  const addAll: typeof gaps.addAll = async (ended) => {
    const ids = await gaps.addAll(ended)
    if (!isAway) await gate.shut()
    isAway = true
    return ids
  }
  const writer = new GapWriter({ gaps: { ...gaps, addAll }, instruments, log: pino({ level: 'silent' }) })
  writer.missed({ source: 'finnhub', feed: 'iex', reason: 'joined_late' }, [
    { symbol: 'IBM', from: 1000, until: 1500 },
    { symbol: 'AAPL', from: 2000, until: 1000 },
    { symbol: 'MSFT', from: 1000, until: 2000 }
  ])
  await expect.poll(() => isAway).toBe(true)
  await gate.open()
  await writer.close()
  const held = await under.stores.gaps.list({ source: 'finnhub', from: 0, to: 3000 }, 10)
  expect(held.map(({ symbol }) => symbol)).toEqual(['MSFT', 'IBM'])
})
