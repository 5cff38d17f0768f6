import { beforeEach, expect, test } from 'vitest'
import { writeBarUpdates } from '../../db/bar-updates.ts'
import { inCopyTransaction } from '../../db/copy.ts'
import type { GapSubject } from '../../db/gaps.ts'
import { provenance } from './values.ts'
import { storesUnderTest } from './stores-under-test.ts'

const under = storesUnderTest()

beforeEach(() => under.database.sql`truncate gaps cascade`)

const FEED: GapSubject = { source: 'alpaca', feed: 'iex', reason: 'outage' }
const AAPL: GapSubject = { ...FEED, instrumentId: 7, reason: 'joined_late' }
const at = (minute: number) => new Date(Date.UTC(2026, 10, 30, 15, minute)).toISOString()
const within = (from: number, to: number) => under.stores.gaps.within(7, Date.parse(at(from)), Date.parse(at(to)))

test('a gap that grows is one gap, however often it is told, and can be filled once it has ended', async () => {
  const { gaps } = under.stores
  await Promise.all([1, 2, 3].map((minute) => gaps.begin(FEED, at(minute))))
  expect(await gaps.fillable('alpaca', 10)).toEqual([])
  expect(await gaps.end(FEED, at(9))).toBe(true)
  expect(await gaps.end(FEED, at(10))).toBe(false)
  const [gap, ...others] = await gaps.fillable('alpaca', 10)
  expect(others).toEqual([])
  expect(gap).toMatchObject({ ...FEED, untilAt: at(9), state: 'open' })
  expect(gap).not.toHaveProperty('instrumentId')

  await gaps.begin(FEED, at(20))
  expect(await within(0, 60)).toHaveLength(2)
})

test('a gap that grew while the clock was set back is what lies between, and those after it are written too', async () => {
  const { gaps } = under.stores
  await gaps.begin(FEED, at(9))
  expect(await gaps.end(FEED, at(5))).toBe(true)
  expect(await within(0, 60)).toMatchObject([{ fromAt: at(5), untilAt: at(9) }])
})

test('a gap is filled by one process alone, and never twice', async () => {
  const { gaps } = under.stores
  const id = await gaps.add(AAPL, at(1), at(2))
  const claims = await Promise.all([1, 2, 3].map(() => gaps.move(id, 'open', 'filling')))
  expect(claims.filter(Boolean)).toHaveLength(1)
  // Whoever filled it may have died.
  expect(await gaps.fillable('alpaca', 10)).toMatchObject([{ id, state: 'filling' }])
  expect(await gaps.fillable('massive', 10)).toEqual([])
  expect(await gaps.move(id, 'filling', 'filled')).toBe(true)
  expect(await gaps.move(id, 'filling', 'unfillable')).toBe(false)
})

test('a gap that cannot be filled now is left alone for a while, and tried again', async () => {
  const { gaps } = under.stores
  const id = await gaps.add(FEED, at(1), at(2))
  const joined = await gaps.add({ ...AAPL, reason: 'joined_late' }, at(0), at(1))
  const lost = await gaps.add({ ...AAPL, reason: 'mute' }, at(3), at(4))
  expect((await gaps.fillable('alpaca', 10)).map((gap) => gap.id)).toEqual([id, lost, joined])
  await gaps.postpone(id, new Date(Date.now() + 60_000).toISOString(), 'the vendor refuses')
  expect((await gaps.fillable('alpaca', 10)).map((gap) => gap.id)).toEqual([lost, joined])
  await gaps.postpone(id, new Date(Date.now() - 1).toISOString(), 'the vendor refuses')
  expect((await gaps.fillable('alpaca', 10))[0]).toMatchObject({ id, tries: 2, detail: 'the vendor refuses' })
})

test('a gap that still grows cannot be filled', async () => {
  const { gaps } = under.stores
  await gaps.begin(AAPL, at(1))
  const [gap] = await within(0, 60)
  expect(await gaps.move(gap!.id, 'open', 'filling')).toBe(false)
})

test("an instrument's gaps are its own and those of whole feeds, where they touch the range", async () => {
  const { gaps } = under.stores
  await gaps.add(AAPL, at(1), at(2))
  await gaps.add(FEED, at(5), at(6))
  await gaps.add({ ...AAPL, instrumentId: 8 }, at(5), at(6))
  await gaps.begin(AAPL, at(9))
  expect((await within(0, 60)).map(({ fromAt }) => fromAt)).toEqual([at(1), at(5), at(9)])
  expect((await within(2, 5)).map(({ fromAt }) => fromAt)).toEqual([])
  expect((await within(5, 9)).map(({ fromAt }) => fromAt)).toEqual([at(5)])
  expect((await within(30, 31)).map(({ fromAt }) => fromAt)).toEqual([at(9)])

  expect(await gaps.deleteBefore(Date.parse(at(6)))).toBe(1)
})

test('a gap that ends before it begins is refused', async () => {
  await expect(under.stores.gaps.add(AAPL, at(2), at(1))).rejects.toMatchObject({
    cause: { constraint_name: 'gaps_order' }
  })
})

test('a gap before the first trades after a long weekend is fetched of all that traded before it', async () => {
  const { gaps, gapFills } = under.stores
  const [friday, tuesday] = ['2026-11-27T20:59:00.000Z', '2026-12-01T09:10:00.000Z']
  const bar = { start: friday, open: 1, high: 1, low: 1, close: 1, volume: 1 }
  const told = provenance({ source: 'alpaca-trades', feed: 'iex', receivedAt: friday })
  await inCopyTransaction(under.database.copyPool, (tx) =>
    writeBarUpdates(tx, [
      { symbol: 'QUIET', interval: '1m', bar, state: 'final', revision: 0, provenance: told, timestamp: friday }
    ])
  )
  await gaps.add(FEED, tuesday, '2026-12-01T09:12:00.000Z')
  const [gap] = await gaps.fillable('alpaca', 10)
  expect(await gapFills.left(gap!)).toMatchObject([{ symbol: 'QUIET' }])
})

test('a part that is fetched in several turns is not done before its end, and goes on where it was', async () => {
  const { gaps, gapFills, instruments } = under.stores
  const instrumentId = (await instruments.upsert([{ symbol: 'LONG' }])).get('LONG')!
  const id = await gaps.add({ ...FEED, instrumentId }, at(1), at(9))
  const [gap] = await gaps.fillable('alpaca', 10)
  const reached = Date.parse(at(5))
  await gapFills.reach(id, instrumentId, { via: 'alpaca/iex', trades: 3, reached: Date.parse(at(4)) })
  await gapFills.reach(id, instrumentId, { via: 'alpaca/iex', trades: 7, reached })
  expect(await gapFills.progress(id, instrumentId, 'alpaca/iex')).toEqual({ via: 'alpaca/iex', trades: 7, reached })
  expect(await gapFills.progress(id, instrumentId, 'alpaca/sip')).toBeUndefined()
  expect(await gapFills.left(gap!)).toMatchObject([{ symbol: 'LONG' }])
  expect(await gapFills.summary(id)).toMatchObject({ filled: 0, trades: 0 })
  expect(await gaps.within(instrumentId, reached, reached + 1)).toMatchObject([{ state: 'open' }])

  await gapFills.done(id, instrumentId, { via: 'alpaca/sip', trades: 12 })
  await gapFills.reach(id, instrumentId, { via: 'alpaca/iex', trades: 7, reached })
  expect(await gapFills.progress(id, instrumentId, 'alpaca/sip')).toBeUndefined()
  expect(await gapFills.left(gap!)).toEqual([])
  expect(await gapFills.summary(id)).toMatchObject({ filled: 1, trades: 12 })
})
