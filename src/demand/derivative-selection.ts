import { DAY_MS } from '../market/time.ts'

/** Which contracts on an underlying are wanted: of the nearest expiry or of the nearest that is a month's last one. */
export type SelectionRule = {
  /** Canonical symbol. */
  readonly underlying: string
  readonly series: 'weekly' | 'monthly'
  /** On each side of the one at the money. */
  readonly strikes: number
}

/** A future, or with a strike an option. */
export type SelectableContract = {
  readonly symbol: string
  readonly underlying: string
  /** YYYY-MM-DD. */
  readonly expiry: string
  /** Epoch milliseconds; the end of its expiry day (UTC) where nobody knows. */
  readonly lastTradingAt?: number | undefined
  readonly strike?: number | undefined
}

export type SelectionRequest = {
  /** The most important underlying first. */
  readonly rules: readonly SelectionRule[]
  readonly contracts: readonly SelectableContract[]
  /** Prices of underlyings; of those that are missing the strikes stay where they were. */
  readonly spots: ReadonlyMap<string, number>
  /** The strike in the middle of what was selected before, by underlying. */
  readonly centres: ReadonlyMap<string, number>
  /** So far the price has to be from there until the middle moves, in steps between strikes. */
  readonly recentreSteps: number
  /** So many symbols in all. */
  readonly most: number
  /** Epoch milliseconds. */
  readonly now: number
}

export type Selection = {
  /** The most important first, each once. */
  readonly symbols: readonly string[]
  /** To be given to the next selection. */
  readonly centres: ReadonlyMap<string, number>
}

/**
 * What is worth streaming of derivatives: first the underlyings, then the nearest future on each, then options from the money
 * outward, a distance at a time over all underlyings. Which days are expiries is read off the contracts: no rule of weekdays
 * holds for long.
 */
export function selectDerivatives(request: SelectionRequest): Selection {
  const { rules, most, now } = request
  const open = Map.groupBy(
    request.contracts.filter((contract) => endOf(contract) > now),
    ({ underlying }) => underlying
  )
  const centres = new Map<string, number>()
  const futures: string[] = []
  const options: string[][][] = []
  for (const rule of rules) {
    const contracts = open.get(rule.underlying) ?? []
    const future = earliest(contracts.filter(({ strike }) => strike === undefined))
    if (future) futures.push(future.symbol)
    const series = seriesOf(
      contracts.filter(({ strike }) => strike !== undefined),
      rule.series
    )
    const strikes = [...new Set(series.map(({ strike }) => strike!))].toSorted((a, b) => a - b)
    const centre = centreOf(strikes, rule.underlying, request)
    if (centre === undefined) continue
    centres.set(rule.underlying, centre)
    options.push(outward(series, strikes, strikes.indexOf(centre), rule.strikes))
  }
  const furthest = Math.max(0, ...options.map(({ length }) => length))
  const byDistance = Array.from({ length: furthest }, (_, distance) => options.flatMap((each) => each[distance] ?? []))
  const all = new Set([...rules.map(({ underlying }) => underlying), ...futures, ...byDistance.flat()])
  return { symbols: [...all].slice(0, most), centres }
}

const endOf = ({ expiry, lastTradingAt }: SelectableContract): number => lastTradingAt ?? Date.parse(expiry) + DAY_MS

/** The future on an underlying that ends next; undefined where none is listed. `now` in epoch milliseconds. */
export function nearestFuture(
  contracts: readonly SelectableContract[],
  underlying: string,
  now: number
): SelectableContract | undefined {
  const isOpenFuture = (each: SelectableContract) => each.strike === undefined && endOf(each) > now
  return earliest(contracts.filter((each) => each.underlying === underlying && isOpenFuture(each)))
}

function earliest(contracts: readonly SelectableContract[]): SelectableContract | undefined {
  return contracts.toSorted((a, b) => (a.expiry < b.expiry ? -1 : a.expiry > b.expiry ? 1 : 0))[0]
}

/** The options of the wanted expiry. */
function seriesOf(options: readonly SelectableContract[], series: SelectionRule['series']): SelectableContract[] {
  const expiries = [...new Set(options.map(({ expiry }) => expiry))].toSorted()
  const month = (expiry: string | undefined) => expiry?.slice(0, 7)
  const wanted = expiries.find((expiry, at) => series === 'weekly' || month(expiries[at + 1]) !== month(expiry))
  return options.filter(({ expiry }) => expiry === wanted)
}

/** The strike in the middle: the former one until the price is too far away, else the one at the money. */
function centreOf(
  strikes: readonly number[],
  underlying: string,
  { spots, centres, recentreSteps }: SelectionRequest
): number | undefined {
  const spot = spots.get(underlying)
  const former = centres.get(underlying)
  const held = former !== undefined && strikes.includes(former) ? former : undefined
  if (spot === undefined) return held
  if (held !== undefined && Math.abs(spot - held) < recentreSteps * stepOf(strikes)) return held
  return strikes.reduce<number | undefined>(
    (nearest, strike) =>
      nearest === undefined || Math.abs(strike - spot) < Math.abs(nearest - spot) ? strike : nearest,
    undefined
  )
}

/** The least distance between two strikes; where there is one strike, any price is near. */
const stepOf = (strikes: readonly number[]): number =>
  Math.min(...strikes.slice(1).map((strike, at) => strike - strikes[at]!))

/** Symbols by their distance from the middle, in strikes. */
function outward(series: readonly SelectableContract[], strikes: readonly number[], middle: number, each: number) {
  const atStrike = Map.groupBy(series, ({ strike }) => strike!)
  return Array.from({ length: each + 1 }, (_, distance) => {
    const places = distance === 0 ? [middle] : [middle - distance, middle + distance]
    return places.flatMap((place) => (atStrike.get(strikes[place] ?? NaN) ?? []).map(({ symbol }) => symbol))
  })
}
