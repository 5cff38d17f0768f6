import { MINUTE_MS } from '../market/time.ts'
import type { Session } from './calendar.ts'
import { splitFactorAfter } from './corporate-actions.ts'
import { between, confinedPath, mix, normal, uniform } from './noise.ts'
import type { Instrument } from './universe/instrument.ts'
import { type DailyWalks, tradesAroundTheClock } from './walks.ts'

const MINUTES_PER_BLOCK = 30
/** Of the path within a minute; more where the price moves more often than every second. */
const MIN_STEPS_PER_MINUTE = 60
/** Volume before and after the regular session, as shares of a day's volume. */
const PRE_VOLUME_SHARE = 0.02
const POST_VOLUME_SHARE = 0.03

/** Odd. The price moves by up to half as many of its least steps for it. */
const DISTINCT_TICKS = 5

export type SessionPart = 'pre' | 'regular' | 'post'

/** What has happened in a stretch of trading up to an instant; fully split-adjusted price units, unrounded. */
export type Trading = {
  readonly open: number
  readonly high: number
  readonly low: number
  readonly close: number
  readonly volume: number
}
export type MinuteTrading = Trading & { readonly start: number }

/**
 * The inside of a day, drawn from coarse to fine: half-hour blocks within the day's bar, minutes within a block,
 * ticks within a minute. Each level keeps to the range of the one above and touches its extremes, so bars of any
 * length add up, and the price of any instant costs a few hundred steps, not a replay. Within a minute a price differs
 * from those of the ticks just before it, as trades at bid and ask do, so that whoever looks sees it move.
 */
export class Intraday {
  readonly #walks: DailyWalks
  readonly #tickMs: number
  readonly #stepsPerMinute: number

  /** `tickMs`: how often prices move. */
  constructor(walks: DailyWalks, tickMs: number) {
    this.#walks = walks
    this.#tickMs = tickMs
    this.#stepsPerMinute = Math.max(MIN_STEPS_PER_MINUTE, Math.ceil(MINUTE_MS / tickMs))
  }

  /** Undefined while the part has not begun, and where the venue has no such part. */
  upTo(instrument: Instrument, session: Session, part: SessionPart, at: number): Trading | undefined {
    const stretch = this.#stretch(instrument, session, part)
    if (at < stretch.start || stretch.minutes === 0) return undefined
    if (at >= stretch.start + stretch.minutes * MINUTE_MS) return finished(stretch.span)

    const blocks = blocksOf(stretch)
    const minute = Math.floor((at - stretch.start) / MINUTE_MS)
    const block = Math.floor(minute / MINUTES_PER_BLOCK)
    const minutes = minutesOf(stretch, blocks, block)
    const inBlock = minute % MINUTES_PER_BLOCK
    const step = this.#stepAt((at - stretch.start) % MINUTE_MS)
    const path = this.#pathOf(stretch, minute, minutes, inBlock)

    let [high, low] = [path[0]!, path[0]!]
    const see = (top: number, bottom: number) => {
      high = Math.max(high, top)
      low = Math.min(low, bottom)
    }
    for (let index = 0; index < block; index++) see(blocks.highs[index]!, blocks.lows[index]!)
    for (let index = 0; index < inBlock; index++) see(minutes.highs[index]!, minutes.lows[index]!)
    for (let index = 1; index <= step; index++) see(path[index]!, path[index]!)
    const inMinute = minutes.volumes[inBlock + 1]! - minutes.volumes[inBlock]!
    const volume =
      blocks.volumes[block]! + minutes.volumes[inBlock]! + Math.floor((inMinute * step) / this.#stepsPerMinute)
    return { open: stretch.span.first, high, low, close: path[step]!, volume }
  }

  /** One-minute trading of a part of a session that began before an instant, oldest first; the last may be partial. */
  minutes(instrument: Instrument, session: Session, part: SessionPart, until: number): MinuteTrading[] {
    const stretch = this.#stretch(instrument, session, part)
    const found: MinuteTrading[] = []
    if (stretch.minutes === 0 || until <= stretch.start) return found
    const blocks = blocksOf(stretch)
    const count = Math.min(stretch.minutes, Math.ceil((until - stretch.start) / MINUTE_MS))
    for (let minute = 0; minute < count; minute += MINUTES_PER_BLOCK) {
      const minutes = minutesOf(stretch, blocks, minute / MINUTES_PER_BLOCK)
      const inBlock = Math.min(minutes.highs.length, count - minute)
      for (let index = 0; index < inBlock; index++) {
        const start = stretch.start + (minute + index) * MINUTE_MS
        const whole = until >= start + MINUTE_MS
        found.push(
          whole
            ? { start, ...stepOf(minutes, index) }
            : this.#partial(stretch, minute + index, minutes, index, until - start)
        )
      }
    }
    return found
  }

  #partial(stretch: Stretch, minute: number, minutes: Steps, index: number, elapsedMs: number): MinuteTrading {
    const path = this.#pathOf(stretch, minute, minutes, index)
    const step = this.#stepAt(elapsedMs)
    const seen = path.subarray(0, step + 1)
    const volume = stepOf(minutes, index).volume
    return {
      start: stretch.start + minute * MINUTE_MS,
      open: path[0]!,
      high: Math.max(...seen),
      low: Math.min(...seen),
      close: path[step]!,
      volume: Math.floor((volume * step) / this.#stepsPerMinute)
    }
  }

  #stepAt(elapsedMs: number): number {
    return Math.floor((elapsedMs * this.#stepsPerMinute) / MINUTE_MS)
  }

  /** The prices within a minute, one more than its steps. */
  #pathOf({ key, priceStep }: Stretch, minute: number, minutes: Steps, index: number): Float64Array {
    const steps = this.#stepsPerMinute
    const { first, last, low, high } = spanOf(minutes, index)
    const path = confinedPath(mix(key, -minute - 1), steps, first, last, low, high)
    const [lowest, highest] = [Math.round(low / priceStep), Math.round(high / priceStep)]
    const opening = Math.round(first / priceStep)
    for (let at = 1; at < steps; at++) {
      const tick = Math.floor((at * MINUTE_MS) / steps / this.#tickMs)
      // Prices go by their remainders, seen from the opening one: of so many ticks that follow each other no two agree.
      const drawn = Math.round(path[at]! / priceStep)
      const off = modulo(opening + 2 * tick - drawn, DISTINCT_TICKS)
      let price = drawn + (2 * off > DISTINCT_TICKS ? off - DISTINCT_TICKS : off)
      if (price > highest) price -= DISTINCT_TICKS
      if (price < lowest) price += DISTINCT_TICKS
      if (price <= highest) path[at] = price * priceStep
    }
    return path
  }

  #stretch(instrument: Instrument, session: Session, part: SessionPart): Stretch {
    const key = mix(this.#walks.keyOf(instrument), session.index * 3 + 1)
    const day = this.#walks.day(instrument, session.index)
    const priceStep = 10 ** -instrument.decimals / splitFactorAfter(instrument, session.date)
    if (part === 'regular') {
      const span = { first: day.open, last: day.close, low: day.low, high: day.high, volume: day.volume }
      const weight = tradesAroundTheClock(instrument) ? evenly : uShaped
      return { key, start: session.open, minutes: minutesBetween(session.open, session.close), span, weight, priceStep }
    }
    return {
      ...(part === 'pre' ? this.#pre(instrument, session, key) : this.#post(instrument, session, key)),
      priceStep
    }
  }

  /** From where the last evening left off to the opening price. */
  #pre(instrument: Instrument, session: Session, key: number): Omit<Stretch, 'priceStep'> {
    const day = this.#walks.day(instrument, session.index)
    const first = session.index > 0 ? this.#lastEvening(instrument, session.index - 1) : day.open
    const span = this.#quietSpan(instrument, key, first, day.open, day.volume * PRE_VOLUME_SHARE)
    const minutes = minutesBetween(session.preOpen, session.open)
    return { key: mix(key, 1), start: session.preOpen, minutes, span, weight: growing }
  }

  #post(instrument: Instrument, session: Session, key: number): Omit<Stretch, 'priceStep'> {
    const day = this.#walks.day(instrument, session.index)
    const last = this.#lastEvening(instrument, session.index)
    const span = this.#quietSpan(instrument, key, day.close, last, day.volume * POST_VOLUME_SHARE)
    const minutes = minutesBetween(session.close, session.postClose)
    return { key: mix(key, 2), start: session.close, minutes, span, weight: shrinking }
  }

  /** The evening takes the price a quarter of the way to the next opening. */
  #lastEvening(instrument: Instrument, index: number): number {
    const next = this.#walks.day(instrument, index + 1)
    return next.previousClose * (next.open / next.previousClose) ** 0.25
  }

  #quietSpan(instrument: Instrument, key: number, first: number, last: number, volume: number): Span {
    const deviation = 0.15 * this.#walks.dailyDeviation(instrument)
    return {
      first,
      last,
      low: Math.min(first, last) * Math.exp(-deviation * Math.abs(normal(key, 11))),
      high: Math.max(first, last) * Math.exp(deviation * Math.abs(normal(key, 12))),
      volume: Math.round(volume)
    }
  }
}

/** A stretch of trading from its first price to its last. */
type Span = {
  readonly first: number
  readonly last: number
  readonly low: number
  readonly high: number
  readonly volume: number
}

/** How much is traded at a position (0 to 1) of a stretch, against other positions. */
type Weight = (position: number) => number

type Stretch = {
  readonly key: number
  readonly start: number
  readonly minutes: number
  readonly span: Span
  readonly weight: Weight
  /** The least change of the price, in the units of the span. */
  readonly priceStep: number
}

/** A span cut into equal steps: `points` and `volumes` (running totals) stand at the edges, one more than the steps. */
type Steps = {
  readonly points: Float64Array
  readonly highs: Float64Array
  readonly lows: Float64Array
  readonly volumes: Float64Array
}

const uShaped: Weight = (position) => 0.6 + 2.4 * (2 * position - 1) ** 4
const growing: Weight = (position) => 0.2 + position
const shrinking: Weight = (position) => 1.2 - position
const evenly: Weight = () => 1

const modulo = (value: number, by: number) => ((value % by) + by) % by
const minutesBetween = (from: number, to: number) => Math.round((to - from) / MINUTE_MS)

function refine(key: number, steps: number, span: Span, weight: Weight): Steps {
  const points = confinedPath(key, steps, span.first, span.last, span.low, span.high)
  const highs = new Float64Array(steps)
  const lows = new Float64Array(steps)
  const volumes = new Float64Array(steps + 1)
  const wick = (span.high - span.low) / Math.sqrt(steps)
  for (let index = 0; index < steps; index++) {
    const [from, to] = [points[index]!, points[index + 1]!]
    const [bottom, top] = from < to ? [from, to] : [to, from]
    highs[index] = top + within(span.high - top, wick * between(0.05, 0.45, key, -3 * index - 1))
    lows[index] = bottom - within(bottom - span.low, wick * between(0.05, 0.45, key, -3 * index - 2))
    volumes[index + 1] = volumes[index]! + weight((index + 0.5) / steps) * (0.5 + uniform(key, -3 * index - 3))
  }
  const total = volumes[steps]!
  for (let index = 1; index <= steps; index++) volumes[index] = Math.round((span.volume * volumes[index]!) / total)
  return { points, highs, lows, volumes }
}

/** The length of a wick that has so much room. It never takes all of it: few bars of a day share its extremes. */
function within(room: number, length: number): number {
  return room > 0 ? (room * length) / (room + length) : 0
}

function blocksOf({ key, minutes, span, weight }: Stretch): Steps {
  return refine(mix(key, 0), Math.ceil(minutes / MINUTES_PER_BLOCK), span, weight)
}

/** Every block has as many minutes, but the last, which may be shorter. Volumes count from the block's beginning. */
function minutesOf(stretch: Stretch, blocks: Steps, block: number): Steps {
  const steps = Math.min(MINUTES_PER_BLOCK, stretch.minutes - block * MINUTES_PER_BLOCK)
  return refine(mix(stretch.key, block + 1), steps, spanOf(blocks, block), evenly)
}

function spanOf(steps: Steps, index: number): Span {
  return {
    first: steps.points[index]!,
    last: steps.points[index + 1]!,
    low: steps.lows[index]!,
    high: steps.highs[index]!,
    volume: steps.volumes[index + 1]! - steps.volumes[index]!
  }
}

function stepOf(steps: Steps, index: number): Trading {
  const { first, last, low, high, volume } = spanOf(steps, index)
  return { open: first, high, low, close: last, volume }
}

function finished({ first, last, low, high, volume }: Span): Trading {
  return { open: first, high, low, close: last, volume }
}
