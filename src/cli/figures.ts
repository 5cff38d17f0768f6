import type { Provenance, ValueState } from '../market/provenance.ts'
import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS } from '../market/time.ts'
import type { Style } from './paint.ts'
import type { Cell } from './table.ts'

const LEAST_DECIMALS = 2
const MOST_DECIMALS = 8
/** Of a smaller one four decimals would be nothing. */
const SMALL_CHANGE = 0.001
const THOUSANDS = /\B(?=(\d{3})+(?!\d))/g
const COMPACT = [
  [1e12, 'T'],
  [1e9, 'B'],
  [1e6, 'M'],
  [1e3, 'k']
] as const

/** With all its decimals, two at least: `231.40`, `1.16691`. A number that is not known is empty. */
export function price(value: number | undefined): string {
  if (value === undefined) return ''
  // Of coins that cost less than a millionth, zeros come before the digits.
  const [, digits = '', zeros = '0'] = /(?:\.(\d+))?(?:e-(\d+))?$/.exec(String(value))!
  const decimals = Math.min(MOST_DECIMALS, digits.length) + Number(zeros)
  const fixed = value.toFixed(Math.max(LEAST_DECIMALS, decimals))
  const [whole, fraction] = fixed.split('.')
  return `${whole!.replaceAll(THOUSANDS, ',')}.${fraction}`
}

/** `12.3M`; below a thousand as it is. */
export function compact(value: number | undefined): string {
  if (value === undefined) return ''
  const [unit, letter] = COMPACT.find(([unit]) => Math.abs(value) >= unit) ?? [1, '']
  return letter === '' ? String(value) : `${(value / unit).toFixed(1)}${letter}`
}

const signed = (value: number, text: string) => (value > 0 ? `+${text}` : text)
const directionOf = (value: number): Style | undefined => (value > 0 ? 'good' : value < 0 ? 'bad' : undefined)

/** A change of a price, with its sign. */
export function change(value: number | undefined): Cell {
  if (value === undefined) return ''
  const rounded = value.toFixed(Math.abs(value) < SMALL_CHANGE ? 10 : 4)
  return { text: signed(value, price(Number(rounded))), style: directionOf(value) }
}

/** `+1.27 %`, of a number that means percent. */
export function percent(value: number | undefined): Cell {
  if (value === undefined) return ''
  return { text: `${signed(value, value.toFixed(2))} %`, style: directionOf(value) }
}

/** A span of time in its largest unit: `3 s`, `5 min`, `2 h`, `4 d`. */
export function span(ms: number): string {
  if (ms < MINUTE_MS) return `${Math.max(0, Math.floor(ms / SECOND_MS))} s`
  if (ms < HOUR_MS) return `${Math.floor(ms / MINUTE_MS)} min`
  if (ms < 2 * DAY_MS) return `${Math.floor(ms / HOUR_MS)} h`
  return `${Math.floor(ms / DAY_MS)} d`
}

/** How old what happened at an instant (ISO) is at `now` (epoch ms); empty where it is none. */
export function age(instant: string | undefined, now: number): string {
  const at = instant === undefined ? NaN : Date.parse(instant)
  return Number.isNaN(at) ? '' : span(now - at)
}

const STATE_STYLES: Record<ValueState, Style | undefined> = {
  live: 'good',
  delayed: 'warning',
  closed: 'faint',
  stale: 'bad',
  suspect: 'bad'
}

export function state(value: ValueState): Cell {
  return { text: value, style: STATE_STYLES[value] }
}

/** Vendor and tape: `alpaca/iex`. */
export function source({ source, feed }: Pick<Provenance, 'source' | 'feed'>): string {
  return `${source}/${feed}`
}

/** An instant (ISO, with up to nine digits of a second) as `14:30:00.123` UTC, where it is not of today with its date. */
export function clock(instant: string | undefined, now: number): string {
  if (instant === undefined) return ''
  const [date, time = ''] = instant.split('T')
  const short = time.replace('Z', '').slice(0, 12)
  return date === new Date(now).toISOString().slice(0, 10) ? short : `${date} ${short}`
}
