import { CALENDARS } from '../market/calendars.ts'
import type { VenueHours } from './calendar.ts'
import { EUROPEAN_HOLIDAYS, MINIMAL_HOLIDAYS, US_HOLIDAYS } from './holidays.ts'

/** A place where instruments are listed. Several venues share one market: its hours and its market factor. */
export type Venue = {
  readonly market: MarketName
  /** As Yahoo abbreviates it and spells it out, and its name of the time-zone's market. */
  readonly yahoo: { readonly exchange: string; readonly fullName: string; readonly market: string }
  /** As FMP abbreviates it and spells it out. */
  readonly fmp: { readonly exchange: string; readonly fullName: string }
  /** As Alpha Vantage names the region in its search. */
  readonly region: string
  readonly country: { readonly name: string; readonly code: string }
}

const hours = (timeZone: string, open: number, close: number, holidays = MINIMAL_HOLIDAYS): VenueHours => ({
  timeZone,
  open,
  close,
  days: 'weekdays',
  holidays
})
const at = (hour: number, minute = 0) => hour * 60 + minute
const listed = (mic: string) => ({ listed: CALENDARS.find(({ exchange }) => exchange === mic) })

export const MARKET_HOURS = {
  us: {
    ...hours('America/New_York', at(9, 30), at(16), US_HOLIDAYS),
    extended: { preOpen: at(4), postClose: at(20) },
    ...listed('XNYS')
  },
  uk: { ...hours('Europe/London', at(8), at(16, 30), EUROPEAN_HOLIDAYS), ...listed('XLON') },
  germany: hours('Europe/Berlin', at(9), at(17, 30), EUROPEAN_HOLIDAYS),
  france: hours('Europe/Paris', at(9), at(17, 30), EUROPEAN_HOLIDAYS),
  canada: { ...hours('America/Toronto', at(9, 30), at(16)), ...listed('XTSE') },
  india: { ...hours('Asia/Kolkata', at(9, 15), at(15, 30)), ...listed('XNSE') },
  japan: hours('Asia/Tokyo', at(9), at(15, 30)),
  'hong-kong': hours('Asia/Hong_Kong', at(9, 30), at(16)),
  australia: hours('Australia/Sydney', at(10), at(16)),
  forex: hours('Europe/London', at(0), at(24), []),
  crypto: { timeZone: 'UTC', open: at(0), close: at(24), days: 'all', holidays: [] }
} satisfies Record<string, VenueHours>
export type MarketName = keyof typeof MARKET_HOURS

const UNITED_STATES = { name: 'United States', code: 'US' }

const usVenue = (yahooCode: string, yahooName: string, fmpCode: string, fmpName: string): Venue => ({
  market: 'us',
  yahoo: { exchange: yahooCode, fullName: yahooName, market: 'us_market' },
  fmp: { exchange: fmpCode, fullName: fmpName },
  region: 'United States',
  country: UNITED_STATES
})

const venue = (
  market: MarketName,
  yahoo: [exchange: string, fullName: string, market: string],
  fmp: [exchange: string, fullName: string],
  region: string,
  country: [name: string, code: string]
): Venue => ({
  market,
  yahoo: { exchange: yahoo[0], fullName: yahoo[1], market: yahoo[2] },
  fmp: { exchange: fmp[0], fullName: fmp[1] },
  region,
  country: { name: country[0], code: country[1] }
})

export const VENUES = {
  nasdaq: usVenue('NMS', 'NasdaqGS', 'NASDAQ', 'NASDAQ Global Select'),
  nyse: usVenue('NYQ', 'NYSE', 'NYSE', 'New York Stock Exchange'),
  arca: usVenue('PCX', 'NYSEArca', 'AMEX', 'New York Stock Exchange Arca'),
  'new-york': usVenue('SNP', 'SNP', 'INDEX', 'New York Index'),
  london: venue('uk', ['LSE', 'LSE', 'gb_market'], ['LSE', 'London Stock Exchange'], 'United Kingdom', [
    'United Kingdom',
    'GB'
  ]),
  toronto: venue('canada', ['TOR', 'Toronto', 'ca_market'], ['TSX', 'Toronto Stock Exchange'], 'Toronto', [
    'Canada',
    'CA'
  ]),
  mumbai: venue('india', ['NSI', 'NSE', 'in_market'], ['NSE', 'National Stock Exchange of India'], 'India/Bombay', [
    'India',
    'IN'
  ]),
  frankfurt: venue('germany', ['GER', 'XETRA', 'de_market'], ['INDEX', 'Deutsche Börse'], 'XETRA', ['Germany', 'DE']),
  paris: venue('france', ['PAR', 'Paris', 'fr_market'], ['INDEX', 'Paris'], 'Paris', ['France', 'FR']),
  tokyo: venue('japan', ['OSA', 'Osaka', 'jp_market'], ['INDEX', 'Tokyo'], 'Tokyo', ['Japan', 'JP']),
  'hong-kong': venue('hong-kong', ['HKG', 'HKSE', 'hk_market'], ['INDEX', 'Hong Kong'], 'Hong Kong', [
    'Hong Kong',
    'HK'
  ]),
  sydney: venue('australia', ['ASX', 'ASX', 'au_market'], ['INDEX', 'Sydney'], 'Sydney', ['Australia', 'AU']),
  forex: venue('forex', ['CCY', 'CCY', 'ccy_market'], ['FOREX', 'FOREX'], 'Global', ['', '']),
  crypto: venue('crypto', ['CCC', 'CCC', 'ccc_market'], ['CRYPTO', 'CRYPTO'], 'Global', ['', ''])
} satisfies Record<string, Venue>
export type VenueName = keyof typeof VENUES
