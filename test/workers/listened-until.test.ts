import { pino } from 'pino'
import { expect, onTestFinished, test } from 'vitest'
import { GapWriter, type GapWriterOptions } from '../../workers/ingest/gap-writer.ts'
import { ListenedUntil } from '../../workers/ingest/listened-until.ts'
import { testRedis } from '../support/services.ts'

const NOW = Date.parse('2026-11-30T15:00:00Z')
const MINUTE_MS = 60_000
const MARGIN_MS = 1000
const SILENT = pino({ level: 'silent' })

test('an outage that Postgres was away for is not lost with the process: its successor begins where it began', async () => {
  const server = await testRedis()
  onTestFinished(() => server.close())
  const { redis } = server
  let isAway = true
  const written: string[] = []
  const take = async (_subject: unknown, at: string) => {
    if (isAway) throw new Error('Postgres is away')
    written.push(at)
    return true
  }
  const notAsked = () => Promise.reject(new Error('nobody asks for it'))
  const ledger: GapWriterOptions['gaps'] = {
    begin: async (...gap) => void (await take(...gap)),
    end: take,
    addAll: notAsked,
    moveBeginning: notAsked,
    forget: notAsked
  }
  const gaps = new GapWriter({ gaps: ledger, instruments: { upsert: notAsked }, log: SILENT })
  const listened = new ListenedUntil({
    redis,
    log: SILENT,
    name: 'alpaca/iex',
    now: () => NOW,
    unwrittenSince: () => gaps.unwrittenSince
  })
  const subject = { source: 'alpaca', feed: 'iex', reason: 'outage' } as const
  gaps.begin(subject, NOW - 2 * MINUTE_MS)
  gaps.end(subject, NOW - MINUTE_MS)
  listened.listening(true)
  listened.listening(false)
  await expect.poll(() => listened.last()).toBe(NOW - 2 * MINUTE_MS - MARGIN_MS)

  isAway = false
  await gaps.close()
  expect(written).toHaveLength(2)
  listened.listening(true)
  await listened.close()
  expect(await listened.last()).toBe(NOW - MARGIN_MS)
})
