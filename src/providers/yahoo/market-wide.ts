import { exchangeMembers } from '../../market/exchange.ts'
import {
  WORLD_INDICES,
  type Indices,
  type Mover,
  type MoverKind,
  type Movers,
  type Sectors
} from '../../market/market-wide.ts'
import type { Provenance } from '../../market/provenance.ts'
import type { Quote } from '../../market/quote.ts'
import { SECTOR_FUNDS } from '../../market/sector.ts'
import { parseSymbol } from '../../market/symbol.ts'
import { withoutAbsent } from '../../market/absent.ts'
import { finite, textOf } from '../parse.ts'
import { ProviderError } from '../provider.ts'
import { oncePer } from '../rows.ts'
import { salvage } from '../salvage.ts'
import { kindOf, quoteTypeOf } from './kinds.ts'
import { priceReader } from './prices.ts'
import {
  fetchQuotes,
  instantOf,
  isDelayedSource,
  provenanceOfRow,
  QuoteRow,
  volumeOf,
  type WireQuote
} from './quotes.ts'
import type { YahooClient } from './client.ts'
import { listOf, memberOf } from './wire.ts'

const SCREENER_URL = 'https://query2.finance.yahoo.com/v1/finance/screener/predefined/saved'
const MOVERS_COUNT = 50
const SCREENS: Record<MoverKind, string> = { gainers: 'day_gainers', losers: 'day_losers', actives: 'most_actives' }

export async function fetchIndices(client: YahooClient, signal: AbortSignal, now: () => number): Promise<Indices> {
  const quotes = [...(await fetchQuotes(client, WORLD_INDICES, signal, now)).values()]
  return { indices: quotes, provenance: provenanceOfAll(quotes) }
}

/** Yahoo tells no sector's performance itself. */
export async function fetchSectors(client: YahooClient, signal: AbortSignal, now: () => number): Promise<Sectors> {
  const quotes = [...(await fetchQuotes(client, Object.keys(SECTOR_FUNDS), signal, now)).values()]
  const provenance = provenanceOfAll(quotes, 'each sector is told by the change of its Select Sector SPDR fund')
  const sectors = quotes.flatMap(({ symbol, changePercent, asOf }) =>
    changePercent === undefined ? [] : [{ sector: SECTOR_FUNDS[symbol]!, changePercent, asOf }]
  )
  return { sectors, provenance }
}

export async function fetchMovers(
  client: YahooClient,
  type: MoverKind,
  signal: AbortSignal,
  now: () => number
): Promise<Movers> {
  const answer = await client.ask(
    { url: SCREENER_URL, query: { formatted: false, scrIds: SCREENS[type], count: MOVERS_COUNT }, crumb: true },
    signal
  )
  const results = memberOf(memberOf(answer, 'finance'), 'result')
  if (Array.isArray(results) && results.length === 0) {
    throw new ProviderError('yahoo', 'not_found', `yahoo has no screen of ${type}`)
  }
  const rows = memberOf(listOf(results)[0], 'quotes')
  if (!Array.isArray(rows)) throw new ProviderError('yahoo', 'bad_payload', 'yahoo sent a screen without quotes')
  const wires = rows.flatMap((row) => salvage(QuoteRow, row) ?? [])
  const latest = Math.max(0, ...wires.map((wire) => finite(wire.regularMarketTime) ?? 0))
  const delays = wires.map((wire) => finite(wire.exchangeDataDelayedBy) ?? 0)
  const movers = oncePer(
    wires.flatMap((wire) => moverOf(wire) ?? []),
    ({ symbol }) => symbol
  )
  if (rows.length > 0 && movers.length === 0) {
    throw new ProviderError('yahoo', 'bad_payload', 'yahoo sent a screen of which no row can be read')
  }
  return withoutAbsent({
    type,
    movers,
    asOf: instantOf(latest),
    provenance: provenanceOfRow(
      {
        exchangeDataDelayedBy: Math.max(0, ...delays),
        quoteSourceName: wires.find(isDelayedSource)?.quoteSourceName,
        marketState: wires[0]?.marketState
      },
      now(),
      []
    )
  })
}

function moverOf(wire: WireQuote): Mover | undefined {
  const prices = priceReader(wire)
  const symbol = parseSymbol(wire.symbol)
  const price = prices.price(wire.regularMarketPrice)
  const changePercent = finite(wire.regularMarketChangePercent)
  if (symbol === undefined || price === undefined || changePercent === undefined || !prices.isCertain) return undefined
  return withoutAbsent({
    symbol,
    name: textOf(wire.longName) ?? textOf(wire.shortName),
    kind: kindOf(wire.quoteType),
    price,
    change: prices.change(wire.regularMarketChange, wire.regularMarketPrice, wire.regularMarketPreviousClose),
    changePercent,
    volume: volumeOf(wire.regularMarketVolume, quoteTypeOf(wire.quoteType)),
    currency: prices.currency,
    ...exchangeMembers(symbol, textOf(wire.exchange), textOf(wire.fullExchangeName))
  })
}

/** Of quotes given together: as late as the latest of them, and closed only where all are. */
function provenanceOfAll(quotes: Quote[], note?: string): Provenance {
  const [first] = quotes
  if (!first) throw new ProviderError('yahoo', 'bad_payload', 'yahoo sent none of the quotes asked for')
  const latest = quotes.reduce((worst, quote) => (delayOf(quote) > delayOf(worst) ? quote : worst), first)
  const open = quotes.filter(({ provenance }) => provenance.state !== 'closed')
  const isDelayed = open.some(({ provenance }) => provenance.state === 'delayed')
  const state = open.length === 0 ? 'closed' : isDelayed ? 'delayed' : 'live'
  return { ...latest.provenance, state, ...(note !== undefined && { notes: [note] }) }
}

function delayOf(quote: Quote): number {
  return quote.provenance.delayedBySeconds ?? 0
}
