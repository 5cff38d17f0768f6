import { CALENDARS } from '../market/calendars.ts'
import { exchangeNamed, type Exchange } from '../market/exchanges.ts'
import type { VenueHours } from './calendar.ts'
import { EUROPEAN_HOLIDAYS, MINIMAL_HOLIDAYS, US_HOLIDAYS } from './holidays.ts'

/** A place where instruments are listed. Several venues share one market: its hours and its market factor. */
export type Venue = {
  readonly market: MarketName
  /** Of the exchange, as our table has it. */
  readonly mic: string | undefined
  /** As Yahoo abbreviates it and spells it out, and its name of the time-zone's market. */
  readonly yahoo: { readonly exchange: string; readonly fullName: string; readonly market: string }
  /** As FMP abbreviates it and spells it out. */
  readonly fmp: { readonly exchange: string; readonly fullName: string }
  /** As Alpha Vantage names the region in its search. */
  readonly region: string
  readonly country: { readonly name: string; readonly code: string }
}

const exchangeAt = (mic: string): Exchange => {
  const exchange = exchangeNamed(mic)
  if (!exchange) throw new Error(`there is no exchange ${mic} in the table`)
  return exchange
}

/** `open` in minutes after midnight; the zone and the close are the exchange's own. */
const hours = (mic: string, open: number, holidays = MINIMAL_HOLIDAYS): VenueHours => {
  const { timeZone, closes } = exchangeAt(mic)
  const [hour, minute] = closes.split(':').map(Number)
  return { timeZone, open, close: at(hour!, minute), days: 'weekdays', holidays }
}
const at = (hour: number, minute = 0) => hour * 60 + minute
const listed = (mic: string) => ({ listed: CALENDARS.find(({ exchange }) => exchange === mic) })

export const MARKET_HOURS = {
  us: {
    ...hours('XNYS', at(9, 30), US_HOLIDAYS),
    extended: { preOpen: at(4), postClose: at(20) },
    ...listed('XNYS')
  },
  uk: { ...hours('XLON', at(8), EUROPEAN_HOLIDAYS), ...listed('XLON') },
  germany: hours('XETR', at(9), EUROPEAN_HOLIDAYS),
  france: hours('XPAR', at(9), EUROPEAN_HOLIDAYS),
  canada: { ...hours('XTSE', at(9, 30)), ...listed('XTSE') },
  india: { ...hours('XNSE', at(9, 15)), ...listed('XNSE') },
  commodities: { ...hours('XIMC', at(9)), ...listed('XIMC') },
  japan: hours('XTKS', at(9)),
  'hong-kong': hours('XHKG', at(9, 30)),
  australia: hours('XASX', at(10)),
  forex: { timeZone: 'Europe/London', open: at(0), close: at(24), days: 'weekdays', holidays: [] },
  crypto: { timeZone: 'UTC', open: at(0), close: at(24), days: 'all', holidays: [] }
} satisfies Record<string, VenueHours>
export type MarketName = keyof typeof MARKET_HOURS

/** What the table does not tell: which of the exchange's names which vendor writes, and where. */
type Spellings = {
  readonly yahoo: readonly [exchange: string, fullName: string, market: string]
  readonly fmp: readonly [exchange: string, fullName: string]
  readonly region: string
}

const COUNTRY_NAMES = new Intl.DisplayNames('en', { type: 'region' })

/** `mic` is absent where no exchange lists what trades there, or more than one does; `country` then tells whose it is. */
function venue(market: MarketName, mic: string | undefined, spelt: Spellings, country?: string): Venue {
  const code = mic === undefined ? country : exchangeAt(mic).country
  const [exchange, fullName, yahooMarket] = spelt.yahoo
  return {
    market,
    mic,
    yahoo: { exchange, fullName, market: yahooMarket },
    fmp: { exchange: spelt.fmp[0], fullName: spelt.fmp[1] },
    region: spelt.region,
    country: code === undefined ? { name: '', code: '' } : { name: COUNTRY_NAMES.of(code)!, code }
  }
}

const spelt = (yahoo: Spellings['yahoo'], fmp: Spellings['fmp'], region: string): Spellings => ({ yahoo, fmp, region })

const US = 'United States'

export const VENUES = {
  nasdaq: venue('us', 'XNAS', spelt(['NMS', 'NasdaqGS', 'us_market'], ['NASDAQ', 'NASDAQ Global Select'], US)),
  nyse: venue('us', 'XNYS', spelt(['NYQ', 'NYSE', 'us_market'], ['NYSE', 'New York Stock Exchange'], US)),
  arca: venue('us', 'ARCX', spelt(['PCX', 'NYSEArca', 'us_market'], ['AMEX', 'New York Stock Exchange Arca'], US)),
  'new-york': venue('us', undefined, spelt(['SNP', 'SNP', 'us_market'], ['INDEX', 'New York Index'], US), 'US'),
  london: venue('uk', 'XLON', spelt(['LSE', 'LSE', 'gb_market'], ['LSE', 'London Stock Exchange'], 'United Kingdom')),
  toronto: venue(
    'canada',
    'XTSE',
    spelt(['TOR', 'Toronto', 'ca_market'], ['TSX', 'Toronto Stock Exchange'], 'Toronto')
  ),
  mumbai: venue(
    'india',
    'XNSE',
    spelt(['NSI', 'NSE', 'in_market'], ['NSE', 'National Stock Exchange of India'], 'India/Bombay')
  ),
  bombay: venue('india', 'XBOM', spelt(['BSE', 'BSE', 'in_market'], ['BSE', 'Bombay Stock Exchange'], 'India/Bombay')),
  commodities: venue('commodities', 'XIMC', spelt(['MCX', 'MCX', 'in_market'], ['MCX', 'MCX'], 'India/Bombay')),
  frankfurt: venue('germany', 'XETR', spelt(['GER', 'XETRA', 'de_market'], ['INDEX', 'Deutsche Börse'], 'XETRA')),
  paris: venue('france', 'XPAR', spelt(['PAR', 'Paris', 'fr_market'], ['INDEX', 'Paris'], 'Paris')),
  // Of its index Yahoo names the exchange of the futures on it.
  tokyo: venue('japan', undefined, spelt(['OSA', 'Osaka', 'jp_market'], ['INDEX', 'Tokyo'], 'Tokyo'), 'JP'),
  'hong-kong': venue('hong-kong', 'XHKG', spelt(['HKG', 'HKSE', 'hk_market'], ['INDEX', 'Hong Kong'], 'Hong Kong')),
  sydney: venue('australia', 'XASX', spelt(['ASX', 'ASX', 'au_market'], ['INDEX', 'Sydney'], 'Sydney')),
  forex: venue('forex', undefined, spelt(['CCY', 'CCY', 'ccy_market'], ['FOREX', 'FOREX'], 'Global')),
  crypto: venue('crypto', undefined, spelt(['CCC', 'CCC', 'ccc_market'], ['CRYPTO', 'CRYPTO'], 'Global'))
} satisfies Record<string, Venue>
export type VenueName = keyof typeof VENUES
