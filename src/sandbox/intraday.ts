import type { Session } from './calendar.ts'
import { between, confinedPath, mix, normal, uniform } from './noise.ts'
import type { Instrument } from './universe/instrument.ts'
import { type DailyWalks, tradesAroundTheClock } from './walks.ts'

const MINUTE_MS = 60_000
const MINUTES_PER_BLOCK = 30
const SECONDS_PER_MINUTE = 60
/** Volume before and after the regular session, as shares of a day's volume. */
const PRE_VOLUME_SHARE = 0.02
const POST_VOLUME_SHARE = 0.03

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
 * seconds within a minute. Each level keeps to the range of the one above and touches its extremes, so bars of any
 * length add up, and the price of any second costs a few hundred steps, not a replay.
 */
export class Intraday {
  readonly #walks: DailyWalks

  constructor(walks: DailyWalks) {
    this.#walks = walks
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
    const second = Math.floor((at - stretch.start) / 1000) % SECONDS_PER_MINUTE
    const seconds = secondsOf(stretch.key, minute, minutes, inBlock)

    let [high, low] = [seconds[0]!, seconds[0]!]
    const see = (top: number, bottom: number) => {
      high = Math.max(high, top)
      low = Math.min(low, bottom)
    }
    for (let index = 0; index < block; index++) see(blocks.highs[index]!, blocks.lows[index]!)
    for (let index = 0; index < inBlock; index++) see(minutes.highs[index]!, minutes.lows[index]!)
    for (let index = 1; index <= second; index++) see(seconds[index]!, seconds[index]!)
    const inMinute = minutes.volumes[inBlock + 1]! - minutes.volumes[inBlock]!
    const volume =
      blocks.volumes[block]! + minutes.volumes[inBlock]! + Math.floor((inMinute * second) / SECONDS_PER_MINUTE)
    return { open: stretch.span.first, high, low, close: seconds[second]!, volume }
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
            : this.#partial(stretch.key, minute + index, minutes, index, start, until)
        )
      }
    }
    return found
  }

  #partial(key: number, minute: number, minutes: Steps, index: number, start: number, until: number): MinuteTrading {
    const path = secondsOf(key, minute, minutes, index)
    const second = Math.floor((until - start) / 1000)
    const seen = path.subarray(0, second + 1)
    const volume = stepOf(minutes, index).volume
    return {
      start,
      open: path[0]!,
      high: Math.max(...seen),
      low: Math.min(...seen),
      close: path[second]!,
      volume: Math.floor((volume * second) / SECONDS_PER_MINUTE)
    }
  }

  #stretch(instrument: Instrument, session: Session, part: SessionPart): Stretch {
    const key = mix(this.#walks.keyOf(instrument), session.index * 3 + 1)
    const day = this.#walks.day(instrument, session.index)
    if (part === 'regular') {
      const span = { first: day.open, last: day.close, low: day.low, high: day.high, volume: day.volume }
      const weight = tradesAroundTheClock(instrument) ? evenly : uShaped
      return { key, start: session.open, minutes: minutesBetween(session.open, session.close), span, weight }
    }
    return part === 'pre' ? this.#pre(instrument, session, key) : this.#post(instrument, session, key)
  }

  /** From where the last evening left off to the opening price. */
  #pre(instrument: Instrument, session: Session, key: number): Stretch {
    const day = this.#walks.day(instrument, session.index)
    const first = session.index > 0 ? this.#lastEvening(instrument, session.index - 1) : day.open
    const span = this.#quietSpan(instrument, key, first, day.open, day.volume * PRE_VOLUME_SHARE)
    const minutes = minutesBetween(session.preOpen, session.open)
    return { key: mix(key, 1), start: session.preOpen, minutes, span, weight: growing }
  }

  #post(instrument: Instrument, session: Session, key: number): Stretch {
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

const minutesBetween = (from: number, to: number) => Math.round((to - from) / MINUTE_MS)

function refine(key: number, steps: number, span: Span, weight: Weight): Steps {
  const points = confinedPath(key, steps, span.first, span.last, span.low, span.high)
  const highs = new Float64Array(steps)
  const lows = new Float64Array(steps)
  const volumes = new Float64Array(steps + 1)
  const wick = (span.high - span.low) / Math.sqrt(steps)
  for (let index = 0; index < steps; index++) {
    const [from, to] = [points[index]!, points[index + 1]!]
    highs[index] = Math.min(span.high, Math.max(from, to) + wick * between(0.2, 0.9, key, -3 * index - 1))
    lows[index] = Math.max(span.low, Math.min(from, to) - wick * between(0.2, 0.9, key, -3 * index - 2))
    volumes[index + 1] = volumes[index]! + weight((index + 0.5) / steps) * (0.5 + uniform(key, -3 * index - 3))
  }
  const total = volumes[steps]!
  for (let index = 1; index <= steps; index++) volumes[index] = Math.round((span.volume * volumes[index]!) / total)
  return { points, highs, lows, volumes }
}

function blocksOf({ key, minutes, span, weight }: Stretch): Steps {
  return refine(mix(key, 0), Math.ceil(minutes / MINUTES_PER_BLOCK), span, weight)
}

/** Every block has as many minutes, but the last, which may be shorter. Volumes count from the block's beginning. */
function minutesOf(stretch: Stretch, blocks: Steps, block: number): Steps {
  const steps = Math.min(MINUTES_PER_BLOCK, stretch.minutes - block * MINUTES_PER_BLOCK)
  return refine(mix(stretch.key, block + 1), steps, spanOf(blocks, block), evenly)
}

function secondsOf(key: number, minute: number, minutes: Steps, index: number): Float64Array {
  const { first, last, low, high } = spanOf(minutes, index)
  return confinedPath(mix(key, -minute - 1), SECONDS_PER_MINUTE, first, last, low, high)
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
