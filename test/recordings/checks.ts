import assert from 'node:assert/strict'
import type { Bar, BarSeries } from '../../src/market/bar.ts'
import type { Quote } from '../../src/market/quote.ts'

/** A bar as a payload tells it; prices in the vendor's unit. */
export type WireBar = {
  /** Date or UTC instant that the bar must start with, or undefined where its start follows another rule. */
  start?: string
  open: number
  high: number
  low: number
  close: number
  /** Absent where the vendor's number is no volume of shares. */
  volume?: number
}

const MINOR_UNITS: Record<string, [currency: string, perMajor: number]> = {
  GBp: ['GBP', 100],
  GBX: ['GBP', 100],
  ZAc: ['ZAR', 100],
  ZAC: ['ZAR', 100],
  ILA: ['ILS', 100],
  KWF: ['KWD', 1000],
  USX: ['USD', 100],
  USx: ['USD', 100]
}

/** The ISO currency of a vendor's code, and how many of its units make one. */
export function unitOf(code: string | null | undefined): { currency: string | undefined; perMajor: number } {
  const minor = code ? MINOR_UNITS[code] : undefined
  return minor ? { currency: minor[0], perMajor: minor[1] } : { currency: code ?? undefined, perMajor: 1 }
}

/** Equal within the noise that vendors' floats carry and that adapters may remove. */
export function near(actual: number | undefined, expected: number, what: string, tolerance = 1e-6): void {
  assert(actual !== undefined, `${what} is missing; the payload has ${expected}`)
  const allowed = Math.max(1e-9, Math.abs(expected) * tolerance)
  assert(Math.abs(actual - expected) <= allowed, `${what} is ${actual}; the payload has ${expected}`)
}

/** Compares a member where the payload has one; where it has none, the value may not have one either. */
export function same(actual: number | undefined, expected: number | undefined, what: string, tolerance = 1e-6): void {
  if (expected !== undefined) near(actual, expected, what, tolerance)
  else assert(actual === undefined, `${what} is ${actual}, but the payload has none`)
}

/** Every quote: numbers that contradict each other, or an instant out of time, are wrong whatever the payload says. */
export function checkQuote(quote: Quote): void {
  const { price, change, changePercent, asOf, provenance } = quote
  assert(Number.isFinite(price) && price !== 0, `the price is ${price}`)
  assert(
    Date.parse(asOf) <= Date.parse(provenance.receivedAt) + 60_000,
    `asOf ${asOf} is after ${provenance.receivedAt}`
  )
  if (change !== undefined && changePercent !== undefined && Math.abs(price - change) > 0) {
    const implied = (change / (price - change)) * 100
    // Vendors round the change to cents, which weighs on small prices.
    const rounding = (0.011 / Math.abs(price - change)) * 100
    assert(
      Math.abs(implied - changePercent) <= 0.02 + rounding,
      `change ${change} is ${implied} %, not ${changePercent} %`
    )
  }
}

/**
 * The bars are those of the payload, each and in order, in the major unit. Rows that are not whole (a price missing or
 * zero) must have been left out by the caller.
 */
export function checkBars(series: BarSeries, expected: readonly WireBar[], perMajor = 1, tolerance = 1e-6): void {
  const { bars } = series
  assert.equal(bars.length, expected.length, 'number of bars')
  for (const [index, bar] of bars.entries()) {
    const wire = expected[index]!
    const what = (name: string) => `${name} of bar ${index} (${bar.start})`
    if (wire.start) assert.equal(bar.start, wire.start, what('start'))
    for (const name of ['open', 'high', 'low', 'close'] as const) {
      near(bar[name], wire[name] / perMajor, what(name), tolerance)
    }
    if (wire.volume !== undefined) near(bar.volume, wire.volume, what('volume'))
  }
  checkOrder(bars)
}

/** Oldest first, no start twice, and no bar whose high and low do not enclose the rest where the payload's do. */
export function checkOrder(bars: readonly Bar[]): void {
  for (const [index, bar] of bars.entries()) {
    const previous = bars[index - 1]
    assert(previous === undefined || previous.start < bar.start, `bar ${bar.start} does not follow ${previous?.start}`)
    assert([bar.open, bar.high, bar.low, bar.close].every(Number.isFinite), `bar ${bar.start} is not whole`)
  }
}

/** The instant at which clocks of a zone show a date and time; found by trying offsets, as no adapter does. */
export function wallInstant(zone: string, text: string): string {
  const wanted = text.replace('T', ' ').slice(0, 19)
  const shown = new Intl.DateTimeFormat('sv-SE', { timeZone: zone, dateStyle: 'short', timeStyle: 'medium' })
  for (let offsetMinutes = -12 * 60; offsetMinutes <= 14 * 60; offsetMinutes += 15) {
    const candidate = new Date(Date.parse(`${wanted.replace(' ', 'T')}Z`) + offsetMinutes * 60_000)
    if (shown.format(candidate) === wanted) return candidate.toISOString()
  }
  throw new Error(`no instant of ${zone} shows ${text}`)
}

/** Checks that a list holds, in the vendor's order, what the payload has, and that what is left out is garbage. */
export function checkRows<Row>(
  kept: readonly { symbol: string }[],
  wire: readonly Row[],
  symbolOf: (row: Row) => string,
  isGarbage: (row: Row) => boolean
): void {
  const symbols = new Set(kept.map(({ symbol }) => symbol))
  assert.equal(symbols.size, kept.length, 'a symbol stands twice')
  const sound = wire.filter((row) => !isGarbage(row)).map(symbolOf)
  const lost = sound.filter((symbol) => !symbols.has(symbol))
  assert.deepEqual(lost, [], 'sound rows were left out')
  const known = new Set(wire.map(symbolOf))
  assert.deepEqual(
    [...symbols].filter((symbol) => !known.has(symbol)),
    [],
    'rows that the payload does not have'
  )
}

/** The canonical symbol of a spelling that Yahoo, FMP and Tiingo share. */
export function canonical(wire: string): string {
  const upper = wire.toUpperCase()
  if (upper.endsWith('.NS')) return `NSE:${upper.slice(0, -3)}`
  if (upper.endsWith('.BO')) return `BSE:${upper.slice(0, -3)}`
  // A class of shares; but -L, -F and -V would read as listings in London, Frankfurt and Toronto.
  return upper.replace(/^([A-Z]{1,5})-([A-EG-KM-UW-Z])$/, '$1.$2')
}

/** The bars of payload rows that have all four prices; a later row of the same start takes the place of an earlier one. */
export function wholeBars(rows: readonly Partial<WireBar>[]): WireBar[] {
  const bars = new Map<string, WireBar>()
  for (const row of rows) {
    if (row.open && row.high && row.low && row.close) bars.set(row.start ?? String(bars.size), row as WireBar)
  }
  return [...bars.values()].sort((a, b) => (a.start ?? '').localeCompare(b.start ?? ''))
}

/** The body as text, without the mark of its byte order. */
export function textOf({ body }: { body: Buffer }): string {
  return body.toString('utf8').replace(/^\uFEFF/, '')
}

export function textIn(value: unknown): string | undefined {
  if (typeof value !== 'string') return undefined
  const text = value.trim()
  return ['', '-', '--', 'n/a', 'nan', 'none', 'null', 'undefined'].includes(text.toLowerCase()) ? undefined : text
}

export function numberIn(value: unknown): number | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? value : undefined
  const text = textIn(value)?.replace(/%$/, '')
  return text === undefined || Number.isNaN(Number(text)) ? undefined : Number(text)
}

/** A number that stands for "none" when it is zero. */
export function priceIn(value: unknown): number | undefined {
  const number = numberIn(value)
  return number === 0 ? undefined : number
}
