import { between, keyOf } from '../noise.ts'
import type { VenueName } from '../venues.ts'
import { COMMUNICATION_SERVICES } from './communication.ts'
import { CONSUMER_DISCRETIONARY, CONSUMER_STAPLES } from './consumer.ts'
import { FINANCIALS } from './financials.ts'
import { CRYPTO, CURRENCY_PAIRS, FUNDS, INDICES } from './funds.ts'
import { HEALTH_CARE } from './health.ts'
import { INDUSTRIALS } from './industrials.ts'
import { SECTORS, type Instrument, type Sector } from './instrument.ts'
import { ENERGY, MATERIALS, REAL_ESTATE, UTILITIES } from './resources.ts'
import { TECHNOLOGY } from './technology.ts'
import { LONDON, MUMBAI, TORONTO } from './world.ts'

const MILLION = 1_000_000

const US_EQUITIES: Record<Sector, string> = {
  'Information Technology': TECHNOLOGY,
  'Communication Services': COMMUNICATION_SERVICES,
  'Consumer Discretionary': CONSUMER_DISCRETIONARY,
  'Consumer Staples': CONSUMER_STAPLES,
  Financials: FINANCIALS,
  'Health Care': HEALTH_CARE,
  Industrials: INDUSTRIALS,
  Energy: ENERGY,
  Materials: MATERIALS,
  Utilities: UTILITIES,
  'Real Estate': REAL_ESTATE
}

/** How restless a sector's shares are by themselves: standard deviation a day, in percent. */
const OWN_VOLATILITY_PERCENT: Record<Sector, number> = {
  'Information Technology': 1.7,
  'Communication Services': 1.4,
  'Consumer Discretionary': 1.6,
  'Consumer Staples': 0.9,
  Financials: 1.1,
  'Health Care': 1.3,
  Industrials: 1.1,
  Energy: 1.3,
  Materials: 1.3,
  Utilities: 0.8,
  'Real Estate': 0.9
}

const MUMBAI_EQUITIES = rows(MUMBAI).map((row) => foreignEquity('mumbai', 'INR', 1, row))
/** Shares that BSE lists beside NSE. */
const IN_BOMBAY_TOO = new Set(['NSE:RELIANCE', 'NSE:TCS', 'NSE:INFY'])

/** Everything the simulated exchange lists, US equities first. */
export const UNIVERSE: readonly Instrument[] = [
  ...SECTORS.flatMap((sector) => rows(US_EQUITIES[sector]).map((row) => usEquity(sector, row))),
  ...rows(FUNDS).map(fund),
  ...rows(INDICES).map(index),
  ...rows(LONDON).map((row) => foreignEquity('london', 'GBP', 100, row)),
  ...rows(TORONTO).map((row) => foreignEquity('toronto', 'CAD', 1, row)),
  ...MUMBAI_EQUITIES,
  ...MUMBAI_EQUITIES.filter(({ symbol }) => IN_BOMBAY_TOO.has(symbol)).map((share): Instrument => ({
    ...share,
    symbol: share.symbol.replace('NSE:', 'BSE:'),
    venue: 'bombay'
  })),
  ...rows(CRYPTO).map(crypto),
  ...rows(CURRENCY_PAIRS).map(currencyPair)
]

function rows(table: string): string[][] {
  return table
    .trim()
    .split('\n')
    .map((row) => row.split('|'))
}

function usEquity(sector: Sector, row: string[]): Instrument {
  const [symbol = '', name = '', industry = '', board, price, shares, dividendYield] = row
  return {
    symbol,
    name,
    kind: 'equity',
    venue: board === 'Q' ? 'nasdaq' : 'nyse',
    currency: 'USD',
    unitsPerMajor: 1,
    level: Number(price),
    decimals: 2,
    ...temperOf(symbol, sector),
    sector,
    industry,
    shares: Number(shares) * MILLION,
    dividendYieldPercent: Number(dividendYield)
  }
}

function foreignEquity(venue: VenueName, currency: string, unitsPerMajor: 1 | 100, row: string[]): Instrument {
  const [symbol = '', name = '', sector, industry = '', price, shares, dividendYield] = row
  return {
    symbol,
    name,
    kind: 'equity',
    venue,
    currency,
    unitsPerMajor,
    level: Number(price),
    decimals: 2,
    ...temperOf(symbol, sector as Sector),
    sector: sector as Sector,
    industry,
    shares: Number(shares) * MILLION,
    dividendYieldPercent: Number(dividendYield)
  }
}

function fund(row: string[]): Instrument {
  const [symbol = '', name = '', board, price, shares, dividendYield, beta, sector] = row
  return {
    symbol,
    name,
    kind: 'etf',
    venue: board === 'Q' ? 'nasdaq' : 'arca',
    currency: 'USD',
    unitsPerMajor: 1,
    level: Number(price),
    decimals: 2,
    beta: Number(beta),
    // A fund that follows the market or a sector adds little of its own; gold, oil and bonds go their own way.
    ownVolatility: Number(beta) < 0.5 ? 0.009 : 0.0008,
    ...(sector && { sector: sector as Sector }),
    shares: Number(shares) * MILLION,
    dividendYieldPercent: Number(dividendYield)
  }
}

function index(row: string[]): Instrument {
  const [symbol = '', name = '', venue, level, currency = '', beta, volatility] = row
  return {
    symbol,
    name,
    kind: 'index',
    venue: venue as VenueName,
    currency,
    unitsPerMajor: 1,
    level: Number(level),
    decimals: 2,
    beta: Number(beta),
    ownVolatility: Number(volatility) / 100
  }
}

function crypto(row: string[]): Instrument {
  const [symbol = '', name = '', level, supply, volatility] = row
  return {
    symbol,
    name,
    kind: 'crypto',
    venue: 'crypto',
    currency: 'USD',
    unitsPerMajor: 1,
    level: Number(level),
    decimals: Number(level) < 10 ? 4 : 2,
    beta: 1,
    ownVolatility: Number(volatility) / 100,
    shares: Number(supply) * MILLION
  }
}

function currencyPair(row: string[]): Instrument {
  const [symbol = '', name = '', rate, volatility] = row
  return {
    symbol,
    name,
    kind: 'fx',
    venue: 'forex',
    currency: symbol.slice(3, 6),
    unitsPerMajor: 1,
    level: Number(rate),
    decimals: Number(rate) > 20 ? 3 : 5,
    beta: 0,
    ownVolatility: Number(volatility) / 100
  }
}

/** Two shares of one company move together: their temper and their own walk are keyed by the company. */
export function companyOf(symbol: string): string {
  if (symbol.startsWith('BSE:')) return symbol.replace('BSE:', 'NSE:')
  if (symbol === 'GOOG') return 'GOOGL'
  return symbol === 'BRK.A' ? 'BRK.B' : symbol
}

function temperOf(symbol: string, sector: Sector): Pick<Instrument, 'beta' | 'ownVolatility'> {
  const key = keyOf(0, companyOf(symbol))
  return {
    beta: Math.round(between(0.5, 1.6, key, 1) * 100) / 100,
    ownVolatility: (OWN_VOLATILITY_PERCENT[sector] / 100) * between(0.7, 1.6, key, 2)
  }
}
