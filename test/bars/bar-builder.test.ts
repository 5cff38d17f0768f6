import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { BarBuilder, GRACE_MS } from '../../src/bars/bar-builder.ts'
import { Reason, type BarChange } from '../../src/bars/bar-change.ts'
import { BUILT_INTERVALS, startOf } from '../../src/bars/intervals.ts'
import { timeOfTrade, type BarTrade } from '../../src/bars/bar-trade.ts'
import { plainBars } from './plain-bars.ts'
import { runsOf } from '../support/depth.ts'

const DAY_MS = 86_400_000
const BEGIN = Date.parse('2026-11-30T14:20:00Z')
const DAY = Math.floor(BEGIN / DAY_MS)
const dateOf = (day: number) => new Date(day * DAY_MS).toISOString().slice(0, 10)
const endOfDay = (_series: number, day: number) => (day + 1) * DAY_MS

type Told = Exclude<BarChange, { state: 'withdrawn' }>

/** A builder beside all trades that stand, as whoever stores them has them. */
class Market {
  readonly standing = new Map<number, BarTrade>()
  readonly told = new Map<string, Told>()
  readonly builder = new BarBuilder()
  series = this.builder.addSeries()
  #at = this.builder

  trade(id: number, trade: BarTrade): void {
    if (this.standing.has(id)) return
    this.standing.set(id, trade)
    this.#at.add(this.series, trade)
  }

  /** Takes a trade back, or lets another stand in its place. */
  replace(id: number, by?: BarTrade): void {
    const held = this.standing.get(id)
    if (!held) return
    this.standing.delete(id)
    if (by) this.standing.set(id, by)
    this.#at.invalidate(this.series, timeOfTrade(held), by ? Reason.corrected : Reason.cancelled)
    if (by) this.#at.invalidate(this.series, timeOfTrade(by), Reason.corrected)
  }

  restart(): void {
    this.flush(-Infinity)
    const saved = this.#at.save(this.series)
    this.#at = new BarBuilder()
    this.series = this.#at.addSeries(saved)
  }

  flush(heardUntil: number, provisional = false): BarChange[] {
    const rebuilt: BarChange[] = []
    for (const outdated of this.#at.takeOutdated()) {
      const { level, start } = outdated
      const trades = [...this.standing.values()].filter((trade) => startOf(level, timeOfTrade(trade)) === start)
      const made = this.#at.rebuild(outdated, trades)
      if (!made) continue
      const at = { series: this.series, interval: BUILT_INTERVALS[level]!, start }
      const held = this.told.get(`${at.interval} ${start}`)
      if (!made.figures) rebuilt.push({ ...at, state: 'withdrawn' })
      else
        rebuilt.push({
          ...at,
          state: held ? 'corrected' : 'final',
          revision: held ? held.revision + 1 : 0,
          ...made.figures
        })
    }
    const changes = [...this.#at.flush({ heardUntil: () => heardUntil, endOfDay, provisional }), ...rebuilt]
    for (const change of changes) {
      const key = `${change.interval} ${change.start}`
      if (change.state === 'withdrawn') this.told.delete(key)
      else this.told.set(key, change)
    }
    return changes
  }

  expected(): unknown[] {
    return sorted(plainBars(this.standing.values()))
  }

  bars(): unknown[] {
    return sorted(
      [...this.told.values()].map(({ interval, start, open, high, low, close, volume }) => ({
        interval,
        start,
        open,
        high,
        low,
        close,
        volume
      }))
    )
  }
}

const sorted = (bars: unknown[]) => bars.map((bar) => JSON.stringify(bar)).toSorted()

/** Within some hours around a midnight of UTC, often of the same instants, or minutes apart. */
const trade: fc.Arbitrary<BarTrade> = fc
  .record({
    minute: fc.oneof(fc.nat({ max: 4 }), fc.nat({ max: 150 }), fc.integer({ min: 570, max: 600 })),
    second: fc.constantFrom(0, 0.001, 30, 59.999),
    ns: fc.constantFrom(0, 1, 999_999),
    sequence: fc.nat({ max: 3 }),
    price: fc.integer({ min: 1, max: 40 }).map((cents) => cents / 100),
    size: fc.integer({ min: 1, max: 2_000_000 }).map((thousandths) => thousandths / 1000),
    /** Of all, of high and low, of the volume alone, of nothing. */
    condition: fc.constantFrom('@', '@', '@', 'Z', 'I', 'M'),
    isRegular: fc.boolean(),
    nextDay: fc.constantFrom(0, 0, 0, 1)
  })
  .map(({ minute, second, ns, condition, isRegular, nextDay, ...rest }) => ({
    ...rest,
    asOf: { ms: BEGIN + minute * 60_000 + second * 1000, ns },
    tape: 'C',
    conditions: isRegular ? [condition] : [condition, 'T'],
    session: isRegular ? 'regular' : 'post',
    tradeDate: dateOf(DAY + nextDay)
  }))

const step = fc.oneof(
  { weight: 12, arbitrary: fc.record({ kind: fc.constant('trade' as const), id: fc.nat({ max: 60 }), trade }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('cancel' as const), id: fc.nat({ max: 60 }) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('correct' as const), id: fc.nat({ max: 60 }), trade }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('flush' as const),
      minute: fc.nat({ max: 700 }),
      provisional: fc.boolean()
    })
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('restart' as const) }) }
)

/** Each of these was once wrong. */
type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never
const once = (ms: number, session: 'regular' | 'post', tradeDate: string) => ({
  sequence: 0,
  price: 0.01,
  size: 0.001,
  asOf: { ms, ns: 0 },
  tape: 'C',
  conditions: session === 'regular' ? ['@'] : ['@', 'T'],
  session,
  tradeDate
})
const CANCELLED_AFTER_A_RESTART: Step[] = [
  { kind: 'trade', id: 45, trade: once(BEGIN + 570 * 60_000, 'post', dateOf(DAY)) },
  { kind: 'flush', minute: 576, provisional: false },
  { kind: 'restart' },
  { kind: 'cancel', id: 45 }
]
const CORRECTED_TO_A_DAY_BEFORE: Step[] = [
  { kind: 'trade', id: 2, trade: once(BEGIN, 'regular', dateOf(DAY + 1)) },
  { kind: 'correct', id: 2, trade: once(BEGIN + 570 * 60_000, 'regular', dateOf(DAY)) },
  { kind: 'restart' },
  { kind: 'trade', id: 0, trade: once(BEGIN, 'regular', dateOf(DAY)) }
]

describe('bars', () => {
  test('are those of a plain look at the same trades, whatever their order, told twice, corrected, cancelled, and restarts between', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const market = new Market()
        for (const each of steps) {
          if (each.kind === 'trade') market.trade(each.id, each.trade)
          else if (each.kind === 'cancel') market.replace(each.id)
          else if (each.kind === 'correct') market.replace(each.id, each.trade)
          else if (each.kind === 'restart') market.restart()
          else market.flush(BEGIN + each.minute * 60_000, each.provisional)
        }
        market.flush(Infinity)
        expect(market.bars()).toEqual(market.expected())
        expect(market.flush(Infinity)).toEqual([])
      }),
      { numRuns: runsOf(500), examples: [[CANCELLED_AFTER_A_RESTART], [CORRECTED_TO_A_DAY_BEFORE]] }
    )
  })

  test('are provisional while their interval runs, final a moment after it, and corrected by what comes later', () => {
    const market = new Market()
    const at = (second: number, price: number): BarTrade => ({
      asOf: { ms: BEGIN + second * 1000, ns: 0 },
      sequence: 1,
      price,
      size: 0.1,
      session: 'pre',
      tradeDate: dateOf(DAY)
    })
    const ofMinutes = (changes: BarChange[]) => changes.filter(({ interval }) => interval === '1m')
    const first = { series: 0, interval: '1m', start: BEGIN, open: 1, low: 1 }
    market.trade(1, at(0, 1))
    expect(ofMinutes(market.flush(BEGIN + 1000, true))).toEqual([
      { ...first, state: 'provisional', revision: 0, high: 1, close: 1, volume: 0.1 }
    ])
    market.trade(2, at(59, 2))
    market.trade(3, at(60, 3))
    market.trade(4, at(58, 4))
    expect(ofMinutes(market.flush(BEGIN + 60_000 + GRACE_MS - 1))).toEqual([])
    expect(ofMinutes(market.flush(BEGIN + 60_000 + GRACE_MS))).toEqual([
      { ...first, state: 'final', revision: 0, high: 4, close: 2, volume: 0.3 }
    ])
    market.trade(5, at(59.5, 5))
    expect(ofMinutes(market.flush(BEGIN + 63_000))).toEqual([
      { ...first, state: 'corrected', revision: 1, reason: 'a trade was reported late', high: 5, close: 5, volume: 0.4 }
    ])
    market.replace(5)
    expect(ofMinutes(market.flush(BEGIN + 63_000))).toEqual([
      { ...first, state: 'corrected', revision: 2, reason: 'a trade was cancelled', high: 4, close: 2, volume: 0.3 }
    ])
    for (const id of [1, 2, 4]) market.replace(id)
    expect(ofMinutes(market.flush(BEGIN + 63_000))).toEqual([
      { series: 0, interval: '1m', start: BEGIN, state: 'withdrawn' }
    ])
  })

  test('of a day know its regular session alone, however late its closing auction is told', () => {
    const market = new Market()
    const close = Date.parse('2026-11-30T21:00:00Z')
    const told = { sequence: 1, size: 1, tradeDate: '2026-11-30', tape: 'C' }
    market.trade(1, { ...told, asOf: { ms: close - 1, ns: 0 }, price: 10, session: 'regular' })
    market.trade(2, { ...told, asOf: { ms: close + 1, ns: 0 }, price: 20, session: 'post', conditions: ['T'] })
    market.trade(3, { ...told, asOf: { ms: close + 2, ns: 0 }, price: 11, session: 'regular', conditions: ['6'] })
    market.trade(4, { ...told, asOf: { ms: close + 3, ns: 0 }, price: 11, session: 'regular', conditions: ['M'] })
    market.flush(Infinity)
    const days = [...market.told.values()].filter(({ interval }) => interval === '1d')
    expect(days).toMatchObject([{ start: DAY, open: 10, high: 11, low: 10, close: 11, volume: 2 }])
    const minute = market.told.get(`1m ${close}`)
    expect(minute).toMatchObject({ open: 20, high: 20, low: 11, close: 11, volume: 2 })
  })

  test('of more series than were foreseen stay apart', () => {
    const builder = new BarBuilder()
    const series = Array.from({ length: 300 }, () => builder.addSeries())
    for (const each of series) {
      builder.add(each, { asOf: { ms: BEGIN, ns: 0 }, sequence: 1, price: each + 1, size: 1, tradeDate: dateOf(DAY) })
    }
    const told = builder.flush({ heardUntil: () => Infinity, endOfDay, provisional: false })
    expect(told.filter(({ interval }) => interval === '1m').map((bar) => (bar as Told).close)).toEqual(
      series.map((each) => each + 1)
    )
  })
})
