import type { InstrumentKind } from '../../market/instrument-kind.ts'
import type { VenueName } from '../venues.ts'

/** The eleven sectors of the Global Industry Classification Standard. */
export const SECTORS = [
  'Information Technology',
  'Communication Services',
  'Consumer Discretionary',
  'Consumer Staples',
  'Financials',
  'Health Care',
  'Industrials',
  'Energy',
  'Materials',
  'Utilities',
  'Real Estate'
] as const
export type Sector = (typeof SECTORS)[number]

/** What the simulated exchange lists. Prices are made from these facts; they are not themselves quotes. */
export type Instrument = {
  /** Canonical. */
  readonly symbol: string
  readonly name: string
  readonly kind: Extract<InstrumentKind, 'equity' | 'etf' | 'index' | 'crypto' | 'fx'>
  readonly venue: VenueName
  /** ISO 4217 code of the money that statements and market value are in. */
  readonly currency: string
  /** Currency units of one price unit: 100 where prices are in pence. */
  readonly unitsPerMajor: 1 | 100
  /** The price, in price units, at the anchor date of the simulation. */
  readonly level: number
  /** Decimals that prices are traded in. */
  readonly decimals: number
  /** To the market factor of its venue. */
  readonly beta: number
  /** Standard deviation of the daily log return that neither market nor sector explains. */
  readonly ownVolatility: number
  readonly sector?: Sector
  readonly industry?: string
  /** Shares outstanding; coins in circulation of a crypto currency. */
  readonly shares?: number
  readonly dividendYieldPercent?: number
}
