const UNKNOWN = '–'
/** Below it prices are told with the digits that currencies have, and below the next with as many as they need. */
const FINE = 10
const SMALL = 0.001

const ordinary = new Intl.NumberFormat('en-US', { minimumFractionDigits: 2, maximumFractionDigits: 4 })
const fine = new Intl.NumberFormat('en-US', { minimumFractionDigits: 2, maximumFractionDigits: 6 })
const small = new Intl.NumberFormat('en-US', { maximumSignificantDigits: 6 })
const whole = new Intl.NumberFormat('en-US', { maximumFractionDigits: 2, minimumFractionDigits: 2 })
const ratios = new Intl.NumberFormat('en-US', { maximumFractionDigits: 2, signDisplay: 'negative' })
const compact = new Intl.NumberFormat('en-US', { notation: 'compact', maximumFractionDigits: 1 })
const date = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'medium', timeZone: 'UTC' })

/** A price in its currency's major unit; a dash where there is none. */
export function priceText(price: number | undefined): string {
  if (price === undefined) return UNKNOWN
  const size = Math.abs(price)
  if (size >= FINE) return ordinary.format(price)
  return size < SMALL && size > 0 ? small.format(price) : fine.format(price)
}

/** A difference of prices, with its sign. */
export function changeText(change: number | undefined): string {
  return change === undefined ? UNKNOWN : `${signOf(change)}${priceText(Math.abs(change))}`
}

/** `1.27` is `+1.27%`. */
export function percentText(percent: number | undefined): string {
  return percent === undefined ? UNKNOWN : `${signOf(percent)}${whole.format(Math.abs(percent))}%`
}

/** A count in a few characters: `12.3M`. */
export const countText = (count: number | undefined): string => (count === undefined ? UNKNOWN : compact.format(count))

/** A ratio, to two digits. */
export const ratioText = (ratio: number | undefined): string => (ratio === undefined ? UNKNOWN : ratios.format(ratio))

/** An instant to the second, UTC. */
export const instantText = (instant: string): string => `${date.format(new Date(instant))} UTC`

const clocks = new Map<string, Intl.DateTimeFormat>()
const zoned = { hour: '2-digit', minute: '2-digit', hourCycle: 'h23', timeZoneName: 'short' } as const

function clockOf(timeZone: string): Intl.DateTimeFormat {
  const held = clocks.get(timeZone) ?? new Intl.DateTimeFormat('en-US', { ...zoned, timeZone })
  clocks.set(timeZone, held)
  return held
}

/** The time of day somewhere, at an instant (epoch milliseconds): `09:30 EST`. */
export const clockText = (at: number, timeZone: string): string => clockOf(timeZone).format(at)

/** What the time of a place is called at an instant (epoch milliseconds): `EST`, `GMT+5:30`. */
export const zoneText = (at: number, timeZone: string): string =>
  clockOf(timeZone)
    .formatToParts(at)
    .find(({ type }) => type === 'timeZoneName')?.value ?? timeZone

/** The class that colours a change. */
export const directionOf = (change: number | undefined): 'up' | 'down' | '' =>
  change === undefined || change === 0 ? '' : change > 0 ? 'up' : 'down'

// A real minus sign is as wide as the plus.
const signOf = (value: number): string => (value > 0 ? '+' : value < 0 ? '−' : '')
