import { pino } from 'pino'
import { expect, test } from 'vitest'
import { GapWriter } from '../../workers/ingest/gap-writer.ts'
import { storesUnderTest } from '../db/stores-under-test.ts'

const under = storesUnderTest()

test('a gap that Postgres refuses for what it says keeps no other one out of the ledger, and is logged', async () => {
  const logged: string[] = []
  const log = pino({ level: 'error' }, { write: (line) => void logged.push(line) })
  const { gaps, instruments } = under.stores
  const writer = new GapWriter({ gaps, instruments, log })
  const subject = { source: 'alpaca', feed: 'iex', reason: 'outage' } as const
  writer.missed(subject, 'AAPL', 2000, 1000)
  writer.missed(subject, 'MSFT', 1000, 2000)
  await writer.close()
  const held = await gaps.list({ from: 0, to: 3000 }, 10)
  expect(held).toMatchObject([{ symbol: 'MSFT', fromAt: '1970-01-01T00:00:01.000Z' }])
  expect(logged).toHaveLength(1)
  expect(JSON.parse(logged[0]!)).toMatchObject({ err: { message: expect.stringContaining('gaps_order') } })
})
