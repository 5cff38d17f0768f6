import { Type, type Static } from 'typebox'
import { Compile } from 'typebox/compile'
import { exchangeMembers } from '../../market/exchange.ts'
import { kindOfSymbol } from '../../market/instrument-kind.ts'
import {
  WORLD_INDICES,
  type Indices,
  type Mover,
  type MoverKind,
  type Movers,
  type Sectors
} from '../../market/market-wide.ts'
import { sectorNamed } from '../../market/sector.ts'
import { withoutAbsent } from '../../market/absent.ts'
import { currencyUnit, finite, provenanceOf, textOf } from '../parse.ts'
import { ProviderError } from '../provider.ts'
import { oncePer } from '../rows.ts'
import { DatedText } from '../session-dates.ts'
import type { Fmp } from './client.ts'
import { canonicalOf, listingOf } from './listing.ts'
import { parseQuote, Percent, percentIn, WireQuotes, type WireQuote } from './quotes.ts'

/** What a free key spends a call each on. */
export const FREE_INDICES = WORLD_INDICES.slice(0, 5)

/** A day's change beyond this is a mistake in the vendor's data: it once sent 1.29e41 %. */
const MAX_MOVE_PERCENT = 1000
/** How far the percent that was sent may lie from the one that price and change give, in points and as a share. */
const PERCENT_TOLERANCE = { points: 0.5, share: 0.02 }
const US_EXCHANGES = new Set(['NASDAQ', 'NYSE', 'AMEX', 'CBOE', 'BATS', 'OTC', 'PNK'])

/** The vendor ranks each exchange's sectors by itself. */
export const SECTOR_EXCHANGES = ['NASDAQ', 'NYSE']
const MAX_SECTOR_PERCENT = 100
/** The sectors' exchanges keep the hours of this index. */
const HOME_INDEX = '^GSPC'
/** Sessions to go back when the newest has no figures yet. */
const SECTOR_SESSIONS = 3

/** The world's headline indices, of some two hundred that the vendor has; all that came where none is among them. */
export async function loadIndices(fmp: Fmp, signal: AbortSignal): Promise<Indices> {
  const rows =
    fmp.plan === 'free'
      ? await loadSingleIndices(fmp, signal)
      : // The short form, which is the default, lacks the name, the previous close and the time.
        await fmp.rows('batch-index-quotes', { short: false }, WireQuotes, signal)
  const receivedAt = fmp.now()
  const quotes = oncePer(rows, ({ symbol }) => symbol).flatMap((row) => {
    const listing = listingOf(row.symbol.toUpperCase())
    return (listing && parseQuote(row, listing, currencyUnit(undefined), receivedAt)) ?? []
  })
  if (quotes.length === 0) throw new ProviderError('fmp', 'not_found', 'fmp sent no index')
  const headline = WORLD_INDICES.flatMap((symbol) => quotes.find((quote) => quote.symbol === symbol) ?? [])
  return {
    indices: headline.length > 0 ? headline : quotes,
    provenance: provenanceOf('fmp', { feed: 'composite', receivedAt })
  }
}

/** Free keys may not use the batch endpoint, and see only some indices. Fails only where none is to be had. */
async function loadSingleIndices(fmp: Fmp, signal: AbortSignal): Promise<WireQuote[]> {
  const answers = await Promise.allSettled(
    FREE_INDICES.map((symbol) => fmp.rows('quote', { symbol }, WireQuotes, signal))
  )
  const rows = answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []))
  const failed = answers.find((answer) => answer.status === 'rejected')
  if (rows.length === 0 && failed) throw failed.reason
  return rows
}

/**
 * Sectors of the newest session that has figures: for each the mean of the exchanges' own averages, in which every
 * company counts alike whatever its size.
 */
export async function loadSectors(fmp: Fmp, signal: AbortSignal): Promise<Sectors> {
  let before = fmp.now()
  for (let count = 0; count < SECTOR_SESSIONS; count++) {
    const session = fmp.hoursOf(HOME_INDEX)?.sessionBefore(before)
    if (!session) break
    const answers = await Promise.all(
      SECTOR_EXCHANGES.map((exchange) =>
        fmp.rows('sector-performance-snapshot', { date: session.date, exchange }, WireSectors, signal)
      )
    )
    const sectors = meanBySector(answers.flat())
    if (sectors.length > 0) {
      const notes = ['mean of the changes of all companies of a sector, each counted alike']
      return { sectors, provenance: provenanceOf('fmp', { feed: 'composite', receivedAt: fmp.now(), notes }) }
    }
    before = session.regular.open - 1
  }
  throw new ProviderError('fmp', 'not_found', `fmp has no sector figures of the last ${SECTOR_SESSIONS} sessions`)
}

function meanBySector(rows: readonly { sector: string; exchange: string; date: string; averageChange: number }[]) {
  const bySector = Map.groupBy(
    rows.filter(({ averageChange }) => Math.abs(averageChange) <= MAX_SECTOR_PERCENT),
    ({ sector }) => sector
  )
  return [...bySector].flatMap(([name, ofSector]) => {
    const sector = sectorNamed(name)
    if (sector === undefined) return []
    const byExchange = new Map(ofSector.map(({ exchange, averageChange }) => [exchange, averageChange]))
    const sum = [...byExchange.values()].reduce((total, each) => total + each, 0)
    return [{ sector, changePercent: sum / byExchange.size, asOf: ofSector[0]!.date.slice(0, 10) }]
  })
}

const MOVER_PATHS: Record<MoverKind, string> = {
  gainers: 'biggest-gainers',
  losers: 'biggest-losers',
  actives: 'most-actives'
}

export async function loadMovers(fmp: Fmp, type: MoverKind, signal: AbortSignal): Promise<Movers> {
  const rows = await fmp.rows(MOVER_PATHS[type], {}, WireMovers, signal)
  const movers = oncePer(
    rows.flatMap((row) => parseMover(row) ?? []),
    ({ symbol }) => symbol
  )
  return {
    type,
    movers: ranked(type, movers),
    provenance: provenanceOf('fmp', { feed: 'composite', receivedAt: fmp.now() })
  }
}

/** The actives come ranked by a volume that the vendor does not send: their order is kept. */
function ranked(type: MoverKind, movers: readonly Mover[]): Mover[] {
  const up = type === 'gainers'
  if (type === 'actives') return [...movers]
  return movers
    .filter(({ changePercent }) => (up ? changePercent > 0 : changePercent < 0))
    .sort((one, other) => (up ? other.changePercent - one.changePercent : one.changePercent - other.changePercent))
}

/** Undefined for what is no mover: mutual funds, and rows whose percent their own price and change do not give. */
function parseMover(row: WireMover): Mover | undefined {
  const symbol = canonicalOf(row.symbol, row.exchange)
  const changePercent = percentIn(row)
  if (symbol === undefined || changePercent === undefined || isMutualFund(symbol)) return undefined
  if (Math.abs(changePercent) > MAX_MOVE_PERCENT) return undefined
  const change = finite(row.change)
  if (change !== undefined && !isConsistent(row.price, change, changePercent)) return undefined
  return withoutAbsent({
    symbol,
    name: textOf(row.name),
    kind: kindOfSymbol(symbol),
    price: row.price,
    change,
    changePercent,
    currency: row.exchange && US_EXCHANGES.has(row.exchange) ? 'USD' : undefined,
    ...exchangeMembers(symbol, textOf(row.exchange))
  })
}

function isConsistent(price: number, change: number, percent: number): boolean {
  const previousClose = price - change
  if (previousClose <= 0) return false
  const expected = (change / previousClose) * 100
  return (
    Math.abs(expected - percent) <= Math.max(PERCENT_TOLERANCE.points, Math.abs(expected) * PERCENT_TOLERANCE.share)
  )
}

/** In the United States a symbol of five letters that ends in X is an open-end fund, which has no intraday price. */
function isMutualFund(symbol: string): boolean {
  return /^[A-Z]{4}X$/.test(symbol)
}

const WireSectors = Compile(
  Type.Object({
    date: DatedText,
    sector: Type.String({ minLength: 1 }),
    exchange: Type.String(),
    averageChange: Type.Number()
  })
)

const Num = Type.Optional(Type.Union([Type.Number(), Type.Null()]))
const WireMover = Type.Object({
  symbol: Type.String({ minLength: 1 }),
  price: Type.Number({ exclusiveMinimum: 0 }),
  name: Type.Optional(Type.Union([Type.String(), Type.Null()])),
  change: Num,
  changesPercentage: Percent,
  changePercentage: Percent,
  exchange: Type.Optional(Type.Union([Type.String(), Type.Null()]))
})
type WireMover = Static<typeof WireMover>
const WireMovers = Compile(WireMover)
