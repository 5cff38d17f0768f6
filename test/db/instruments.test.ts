import { describe, expect, test } from 'vitest'
import { inCopyTransaction } from '../../db/copy.ts'
import { instrumentIds } from '../../db/instrument-ids.ts'
import { AliasHeldError } from '../../db/instruments.ts'
import type { InstrumentFacts } from '../../src/market/instrument.ts'
import { storesUnderTest } from './stores-under-test.ts'

const under = storesUnderTest()

const option: InstrumentFacts = {
  symbol: 'AAPL270115C00200000',
  kind: 'option',
  mic: 'OPRA',
  exchange: 'OPRA',
  currency: 'USD',
  multiplier: 100,
  tickSizes: [
    { from: 0, size: 0.01 },
    { from: 3, size: 0.05 }
  ],
  lot: 1,
  underlying: 'AAPL',
  expiry: '2027-01-15',
  lastTradingAt: '2027-01-15T21:00:00.000Z',
  strike: 200,
  right: 'call',
  tradable: true
}

async function newInstrument(symbol: string): Promise<number> {
  return (await under.stores.instruments.upsert([{ symbol }])).get(symbol)!
}

describe('instruments', () => {
  test('come back as they were told, with what is not known missing', async () => {
    const { instruments } = under.stores
    const ids = await instruments.upsert([option, { symbol: 'AAPL', name: 'Apple Inc.' }])
    const found = await instruments.find(['AAPL270115C00200000', 'AAPL', 'NONE'])
    expect(found.get(option.symbol)).toEqual({ id: ids.get(option.symbol), ...option })
    expect(found.get('AAPL')).toEqual({ id: ids.get('AAPL'), symbol: 'AAPL', name: 'Apple Inc.' })
    expect(found.size).toBe(2)
  })

  test('have an id for each symbol that is told, also for one that is renamed meanwhile', async () => {
    const { instruments } = under.stores
    const { sql } = under.database
    const id = await newInstrument('FORMER')
    const isRenamed = Promise.withResolvers<void>()
    const mayCommit = Promise.withResolvers<void>()
    const renaming = sql.begin(async (tx) => {
      await tx`update instruments set symbol = 'LATTER' where id = ${id}`
      isRenamed.resolve()
      await mayCommit.promise
    })
    await isRenamed.promise
    const telling = instruments.upsert([{ symbol: 'FORMER' }, { symbol: 'OTHER' }])
    await expect
      .poll(() => sql`select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`)
      .toHaveLength(1)
    mayCommit.resolve()
    await renaming
    const ids = await telling
    expect([...ids.keys()].toSorted()).toEqual(['FORMER', 'OTHER'])
    expect(ids.get('FORMER')).not.toBe(id)
  })

  test('have an id for each symbol that trades come of, whoever renames them at the same time', async () => {
    const { sql, copyPool } = under.database
    await newInstrument('MOVES')
    await inCopyTransaction(copyPool, async (tx) => {
      const query = tx.query.bind(tx)
      // Another process is quicker than the statement that is next.
      tx.query = async (statement, parameters) => {
        await sql`update instruments set symbol = 'MOVED' where symbol = 'MOVES'`
        return query(statement, parameters)
      }
      const ids = await instrumentIds(tx, ['MOVES', 'COMES', 'MOVES'])
      expect([...ids.keys()].toSorted()).toEqual(['COMES', 'MOVES'])
      expect(await instrumentIds(tx, ['COMES', 'MOVES'])).toEqual(ids)
      await expect(instrumentIds(tx, ['\ud800'])).rejects.toThrow(RangeError)
    })
  })

  test('keep their id and what was told before, however often they are told again', async () => {
    const { instruments } = under.stores
    const [[, id]] = [...(await instruments.upsert([{ symbol: 'KEEP', name: 'Old', currency: 'USD', lot: 0.5 }]))] as [
      [string, number]
    ]
    for (let count = 0; count < 20; count++) await instruments.upsert([{ symbol: 'KEEP', name: `New ${count}` }])
    expect((await instruments.find(['KEEP'])).get('KEEP')).toEqual({
      id,
      symbol: 'KEEP',
      name: 'New 19',
      currency: 'USD',
      lot: 0.5
    })
    // Ids are not used up by what is known already.
    expect(await newInstrument('NEXT')).toBe(id + 1)
  })

  test('know their exchange by its MIC, which a vague name does not replace', async () => {
    const { instruments } = under.stores
    await instruments.upsert([{ symbol: 'ETF1', exchange: 'AMEX' }])
    await instruments.upsert([{ symbol: 'ETF1', mic: 'ARCX', exchange: 'NYSE Arca' }])
    await instruments.upsert([{ symbol: 'ETF1', exchange: 'AMEX' }])
    expect((await instruments.find(['ETF1'])).get('ETF1')).toMatchObject({ mic: 'ARCX', exchange: 'NYSE Arca' })
  })

  test('that two processes tell at once are one', async () => {
    const { instruments } = under.stores
    const many = Array.from({ length: 200 }, (_, index) => ({ symbol: `MANY${index}`, name: 'x' }))
    const [a, b] = await Promise.all([instruments.upsert(many), instruments.upsert(many.toReversed())])
    expect(a).toEqual(new Map([...a.keys()].map((symbol) => [symbol, b.get(symbol)])))
    expect(new Set(a.values()).size).toBe(200)
  })
})

describe('what vendors call instruments', () => {
  test('is found as of the day', async () => {
    const { instruments } = under.stores
    const [first, second] = [await newInstrument('ONE'), await newInstrument('TWO')]
    const now = { vendor: 'upstox', alias: 'NSE_EQ|INE002A01018' }
    await instruments.addAliases([
      { instrumentId: first, ...now, until: '2026-03-02' },
      { instrumentId: second, ...now, from: '2026-03-02' }
    ])
    const holder = async (day: string) =>
      (await instruments.findByAlias('upstox', [now.alias], day)).get(now.alias)?.symbol
    expect(await holder('2026-03-01')).toBe('ONE')
    expect(await holder('2026-03-02')).toBe('TWO')
    expect(await instruments.findByAlias('ibkr', [now.alias], '2026-03-02')).toEqual(new Map())
    expect(await instruments.aliases([first, second])).toEqual([
      { instrumentId: first, ...now, until: '2026-03-02' },
      { instrumentId: second, ...now, from: '2026-03-02' }
    ])
  })

  test('cannot be one name of two instruments on one day: both, the name and the days are told', async () => {
    const { instruments } = under.stores
    const [first, second] = [await newInstrument('HELD'), await newInstrument('WANTED')]
    const name = { vendor: 'ibkr', alias: '265598' }
    await instruments.addAliases([{ instrumentId: first, ...name, from: '2020-01-01', until: '2026-01-01' }])
    for (const days of [{}, { from: '2025-12-31' }, { until: '2020-01-02' }, { from: '2020-01-01' }]) {
      const refused = instruments.addAliases([
        { instrumentId: second, vendor: 'ibkr', alias: 'other' },
        { instrumentId: second, ...name, ...days }
      ])
      await expect(refused).rejects.toThrow(AliasHeldError)
      await expect(refused).rejects.toThrow(
        /ibkr calls HELD "265598" from 2020-01-01 until before 2026-01-01: WANTED cannot have that name/
      )
    }
    expect(await instruments.aliases([second])).toEqual([])
    await instruments.addAliases([{ instrumentId: second, ...name, from: '2026-01-01' }])
    // The same again is no news.
    await instruments.addAliases([{ instrumentId: second, ...name, from: '2026-02-01' }])
    expect(await instruments.aliases([second])).toHaveLength(1)
  })

  test('is not given to two by processes that ask at once', async () => {
    const { instruments } = under.stores
    const ids = await Promise.all(['RACE1', 'RACE2', 'RACE3'].map(newInstrument))
    const outcomes = await Promise.allSettled(
      ids.map((instrumentId) => instruments.addAliases([{ instrumentId, vendor: 'ibkr', alias: 'race' }]))
    )
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    for (const outcome of outcomes) {
      if (outcome.status === 'rejected') expect(outcome.reason).toBeInstanceOf(AliasHeldError)
    }
  })

  test('a renamed instrument keeps its id, is found by either symbol as of its time, and leaves the former one free', async () => {
    const { instruments } = under.stores
    const id = await newInstrument('FB')
    await instruments.rename(id, 'META', '2022-06-09')
    const successor = await newInstrument('FB')
    expect(successor).not.toBe(id)
    const found = async (symbol: string, day: string) => (await instruments.findAsOf([symbol], day)).get(symbol)?.id
    expect(await found('FB', '2022-06-08')).toBe(id)
    expect(await found('META', '2022-06-08')).toBeUndefined()
    expect(await found('META', '2022-06-09')).toBe(id)
    expect(await found('FB', '2026-01-01')).toBe(successor)
    await instruments.rename(id, 'META2', '2027-01-01')
    expect(await found('META', '2026-12-31')).toBe(id)
    await expect(instruments.rename(successor, 'META2', '2027-06-01')).rejects.toThrow(/META2/)
  })
})
