import type { MoverKind } from '../market/market-wide.ts'
import type { Exchange } from './exchange.ts'
import type { SimulatedQuote } from './quotes.ts'
import type { Instrument, Sector } from './universe/instrument.ts'
import { VENUES } from './venues.ts'

/** The biggest movers among US shares, the biggest first. */
export function moversOf(exchange: Exchange, type: MoverKind, limit: number, at = exchange.now()): SimulatedQuote[] {
  const rank: Record<MoverKind, (quote: SimulatedQuote) => number> = {
    gainers: ({ changePercent }) => changePercent,
    losers: ({ changePercent }) => -changePercent,
    actives: ({ volume }) => volume
  }
  const score = rank[type]
  return usEquities(exchange)
    .map((instrument) => exchange.quote(instrument, at))
    .filter((quote) => type === 'actives' || score(quote) > 0)
    .sort((a, b) => score(b) - score(a))
    .slice(0, limit)
}

/** The plain average change, in percent, of a sector's US shares on one venue at an instant. */
export function sectorChange(
  exchange: Exchange,
  sector: Sector,
  venue: 'nasdaq' | 'nyse',
  at: number
): number | undefined {
  const changes = usEquities(exchange)
    .filter((instrument) => instrument.sector === sector && instrument.venue === venue)
    .map((instrument) => exchange.quote(instrument, at).changePercent)
  if (changes.length === 0) return undefined
  return changes.reduce((sum, change) => sum + change, 0) / changes.length
}

/** Instruments whose symbol or name matches a query: the exact symbol, then beginnings, then anything that holds it. */
export function searchInstruments(exchange: Exchange, query: string, limit: number): Instrument[] {
  const wanted = query.trim().toUpperCase()
  if (wanted === '') return []
  const rank = ({ symbol, name }: Instrument): number => {
    const ticker = symbol.replace(/^(NSE|BSE):/, '')
    const upperName = name.toUpperCase()
    if (ticker === wanted || symbol === wanted) return 0
    if (ticker.startsWith(wanted)) return 1
    if (upperName.startsWith(wanted)) return 2
    return ticker.includes(wanted) || upperName.includes(wanted) ? 3 : 4
  }
  return exchange.instruments
    .map((instrument) => ({ instrument, rank: rank(instrument) }))
    .filter(({ rank }) => rank < 4)
    .sort((a, b) => a.rank - b.rank)
    .slice(0, limit)
    .map(({ instrument }) => instrument)
}

/** The sector names that Yahoo and FMP share, for the GICS names. */
export const VENDOR_SECTORS: Record<Sector, string> = {
  'Information Technology': 'Technology',
  'Communication Services': 'Communication Services',
  'Consumer Discretionary': 'Consumer Cyclical',
  'Consumer Staples': 'Consumer Defensive',
  Financials: 'Financial Services',
  'Health Care': 'Healthcare',
  Industrials: 'Industrials',
  Energy: 'Energy',
  Materials: 'Basic Materials',
  Utilities: 'Utilities',
  'Real Estate': 'Real Estate'
}

function usEquities(exchange: Exchange): Instrument[] {
  return exchange.instruments.filter(({ kind, venue }) => kind === 'equity' && VENUES[venue].market === 'us')
}
