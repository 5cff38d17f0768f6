import { beforeEach, describe, expect, test } from 'vitest'
import { writeBarUpdates, type StandingUpdate } from '../../db/bar-updates.ts'
import { inCopyTransaction } from '../../db/copy.ts'
import { storesUnderTest } from './stores-under-test.ts'
import { provenance, series } from './values.ts'

const under = storesUnderTest()

beforeEach(() => under.database.sql`truncate bar_series cascade`)

const MINUTE = '2024-03-05T15:00:00.000Z'
const FROM = Date.parse('2024-03-01')
const TO = Date.parse('2024-04-01')
const KEY = { symbol: 'AAPL', interval: '1m', adjusted: 'none', source: 'quotewire', feed: 'iex' } as const

function update(close: number, over: Partial<StandingUpdate> = {}): StandingUpdate {
  return {
    symbol: 'AAPL',
    interval: '1m',
    bar: { start: MINUTE, open: 1, high: 9, low: 1, close, volume: 0.3 },
    state: 'final',
    revision: 0,
    provenance: provenance({ source: 'quotewire', feed: 'iex' }),
    timestamp: '2024-03-05T15:01:00.000Z',
    ...over
  }
}
const corrected = (close: number, revision: number, reason: string) =>
  update(close, { state: 'corrected', revision, reason })
const write = (...updates: StandingUpdate[]) =>
  inCopyTransaction(under.database.copyPool, (tx) => writeBarUpdates(tx, updates))
const held = () =>
  under.database.sql`select close::float8 as close, state, revision, reason from bars order by series_id, start`
const revisions = async () =>
  (await under.stores.bars.revisions(KEY, FROM, TO)).map(({ close, revision, reason }) => ({ close, revision, reason }))

describe.each([
  ['one batch', (updates: StandingUpdate[]) => write(...updates)],
  [
    'a batch each',
    async (updates: StandingUpdate[]) => {
      for (const each of updates) await write(each)
    }
  ]
])('told in %s', (_, tell) => {
  const story = [
    update(2, { state: 'provisional' }),
    update(3),
    corrected(4, 1, 'a trade came late'),
    corrected(5, 2, 'a trade was cancelled')
  ]

  test('a corrected bar says which correction it is and why, and what it said before is kept', async () => {
    await tell(story)
    expect(await held()).toEqual([{ close: 5, state: 'corrected', revision: 2, reason: 'a trade was cancelled' }])
    expect(await revisions()).toEqual([
      { close: 3, revision: 0 },
      { close: 4, revision: 1, reason: 'a trade came late' }
    ])
  })

  test('what is told again changes nothing', async () => {
    await tell([...story, ...story])
    expect(await held()).toMatchObject([{ close: 5, revision: 2 }])
    expect(await revisions()).toHaveLength(2)
  })
})

test('a bar of one venue says so, and stands beside the one of the market', async () => {
  const { bars } = under.stores
  await write(
    update(3),
    update(4, {
      provenance: provenance({ source: 'quotewire' }),
      bar: { ...update(4).bar, start: '2024-03-05T15:01:00.000Z' }
    })
  )
  const of = async (start: string) =>
    await bars.range({ ...KEY, from: Date.parse(start), to: Date.parse(start) + 60_000 })
  expect((await of(MINUTE))?.provenance.feed).toBe('iex')
  expect((await of('2024-03-05T15:01:00.000Z'))?.provenance.feed).toBe('consolidated')
  expect(await under.database.sql`select from bar_series`).toHaveLength(2)
})

test('a symbol that changes does not split a history', async () => {
  const { bars, instruments } = under.stores
  const day = (start: string) =>
    series({ symbol: start < '2024-03-05' ? 'FB' : 'META', bars: [{ ...update(3).bar, start }] })
  await bars.upsert(day('2024-03-04'))
  await instruments.rename((await instruments.find(['FB'])).get('FB')!.id, 'META', '2024-03-05')
  await bars.upsert(day('2024-03-05'))
  const held = await bars.range({ symbol: 'META', interval: '1d', adjusted: 'none', from: FROM, to: TO })
  expect(held?.symbol).toBe('META')
  expect(held?.bars.map(({ start }) => start)).toEqual(['2024-03-04', '2024-03-05'])
})

test('minutes and days of many symbols are written together', async () => {
  const updates = Array.from({ length: 300 }, (_, index) => [
    update(3, { symbol: `S${index}` }),
    update(3, {
      symbol: `S${index}`,
      interval: '1d',
      bar: { ...update(3).bar, start: '2024-03-05' },
      state: 'provisional'
    })
  ]).flat()
  await write(...updates)
  const range = { adjusted: 'none', symbol: 'S299', from: FROM, to: TO } as const
  expect((await under.stores.bars.range({ ...range, interval: '1m' }))?.bars).toEqual([update(3).bar])
  expect((await under.stores.bars.range({ ...range, interval: '1d' }))?.bars).toEqual([
    { ...update(3).bar, start: '2024-03-05', complete: false }
  ])
})

test("a vendor's final bar that the vendor later tells otherwise is a correction, and one told again is not", async () => {
  const { bars } = under.stores
  const given = series({ symbol: 'VENDOR' })
  const later = (second: number, close: number) =>
    series({
      symbol: 'VENDOR',
      bars: [given.bars[0]!, { ...given.bars[1]!, close }],
      provenance: provenance({ receivedAt: `2024-03-06T00:00:0${second}.000Z` })
    })
  await bars.upsert(given)
  await bars.upsert(later(1, 171))
  await bars.upsert(later(2, 171))
  const rows = await under.database.sql`
    select start::text, state, revision, close::float8 as close from daily_bars order by start`
  expect(rows).toEqual([
    { start: '2024-03-04', state: 'final', revision: 0, close: 175.1 },
    { start: '2024-03-05', state: 'corrected', revision: 1, close: 171 }
  ])
  const key = { ...given, source: 'yahoo', feed: 'consolidated' } as const
  expect(await bars.revisions(key, FROM, TO)).toMatchObject([
    { start: '2024-03-05T00:00:00.000Z', close: 170.12, state: 'final', revision: 0 }
  ])

  expect(await bars.deleteRevisionsBefore(Date.now() + 1000)).toBe(1)
  expect(await bars.revisions(key, FROM, TO)).toEqual([])
})
