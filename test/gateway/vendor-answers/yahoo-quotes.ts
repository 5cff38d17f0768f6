import { aQuote } from '../market.ts'
import { IN_SESSION, quotesOf, seconds, type VendorAnswer } from './vendor-answer.ts'

const JUST_NOW = '2026-11-25T15:59:50Z'

const quote = (
  says: string,
  symbol: string,
  row: object,
  right: object,
  more: Partial<VendorAnswer> & { at?: string; wire?: string } = {}
): VendorAnswer => {
  const { at = JUST_NOW, wire = symbol, ...rest } = more
  const whole = {
    symbol: wire,
    quoteType: 'EQUITY',
    currency: 'USD',
    marketState: 'REGULAR',
    regularMarketTime: seconds(at),
    regularMarketPrice: 10,
    ...row
  }
  return {
    says,
    vendor: 'yahoo',
    now: IN_SESSION,
    answers: { '/v7/finance/quote': { body: { quoteResponse: { result: [whole], error: null } } } },
    ask: quotesOf(symbol),
    right,
    ...rest
  }
}

/** Units of prices. */
const UNITS: VendorAnswer[] = [
  quote(
    'London prices in pence, and the market cap beside them in pounds, are both in pounds',
    'VOD.L',
    {
      currency: 'GBp',
      regularMarketPrice: 72.5,
      regularMarketPreviousClose: 72.1,
      bid: 72.4,
      ask: 72.6,
      marketCap: 18e9,
      sharesOutstanding: 24.83e9
    },
    { price: 0.725, previousClose: 0.721, bid: 0.724, ask: 0.726, marketCap: 18e9, currency: 'GBP', state: 'live' }
  ),
  quote(
    'a market cap that is in pence too is in pounds',
    'XYZ.L',
    { currency: 'GBp', regularMarketPrice: 3, sharesOutstanding: 1e9, marketCap: 3e9 },
    { price: 0.03, marketCap: 3e7 }
  ),
  quote(
    'a market cap in the currency of another country is none',
    'TKD',
    { regularMarketPrice: 100, sharesOutstanding: 2.4e9, marketCap: 3.5e13 },
    { price: 100 },
    { absent: ['marketCap'] }
  ),
  quote(
    'a market cap of all classes of shares stays beside the shares of one',
    'BRK.A',
    { regularMarketPrice: 750_000, sharesOutstanding: 525_000, marketCap: 1.08e12 },
    { marketCap: 1.08e12 },
    { wire: 'BRK-A' }
  ),
  quote(
    'Kuwaiti fils are thousandths of a dinar',
    'NBK.KW',
    { currency: 'KWF', regularMarketPrice: 1012 },
    { price: 1.012, currency: 'KWD' },
    { at: '2026-11-25T09:40:00Z' }
  ),
  quote(
    'South African cents are hundredths of a rand',
    'NPN.JO',
    { currency: 'ZAc', regularMarketPrice: 412_345 },
    { price: 4123.45, currency: 'ZAR' },
    { at: '2026-11-25T15:00:00Z' }
  ),
  quote(
    'grain in US cents is in dollars',
    'ZC=F',
    { quoteType: 'FUTURE', currency: 'USX', regularMarketPrice: 432.25 },
    { price: 4.3225, currency: 'USD' }
  ),
  quote(
    "a year's range in pounds beside a price in pence is none",
    'VOD.L',
    { currency: 'GBp', regularMarketPrice: 72.5, fiftyTwoWeekHigh: 0.801, fiftyTwoWeekLow: 0.62 },
    { price: 0.725, state: 'live' },
    { absent: ['yearHigh', 'yearLow'] }
  ),
  quote(
    'a price in pence beside a close in pounds is refused',
    'ABDN.L',
    { currency: 'GBp', regularMarketPrice: 155.2, regularMarketPreviousClose: 1.543 },
    { failed: 'rejected_by_quality' }
  ),
  quote(
    'a price in pence that is called pounds is refused beside the one that is held',
    'VOD.L',
    { currency: 'GBP', regularMarketPrice: 72.5 },
    { failed: 'rejected_by_quality' },
    { ask: quotesOf('VOD.L', aQuote('VOD.L', { price: 0.72, currency: 'GBP', asOf: '2026-11-25T15:50:00.000Z' })) }
  ),
  quote('a price without a currency is given none', 'ACME', { currency: '' }, { price: 10 }, { absent: ['currency'] })
]

/** Numbers and instants that are spelled otherwise. */
const SPELLINGS: VendorAnswer[] = [
  quote(
    'thousand separators are no decimals',
    'ACME',
    { regularMarketPrice: '1,234.50', regularMarketVolume: '12,345,678' },
    { price: 1234.5, volume: 12_345_678 }
  ),
  quote(
    'wrapped numbers are numbers',
    'ACME',
    { regularMarketPrice: { raw: 10.5, fmt: '10.50' }, regularMarketTime: { raw: seconds(JUST_NOW), fmt: '10:59AM' } },
    { price: 10.5, asOf: '2026-11-25T15:59:50.000Z' }
  ),
  quote(
    'texts that stand for no number are missing, and cost nothing else',
    'ACME',
    {
      regularMarketChangePercent: 'Infinity',
      regularMarketOpen: 'NaN',
      regularMarketDayHigh: '-',
      regularMarketDayLow: '.',
      regularMarketVolume: 'N/A',
      regularMarketPreviousClose: 'None'
    },
    { price: 10, state: 'live' },
    { absent: ['changePercent', 'open', 'dayHigh', 'dayLow', 'volume', 'previousClose'] }
  ),
  ...[1e3, 1e6, 1e9].map((perSecond) =>
    quote(
      `an instant in ${perSecond} parts of a second is the same instant`,
      'ACME',
      { regularMarketTime: seconds(JUST_NOW) * perSecond },
      { price: 10, asOf: '2026-11-25T15:59:50.000Z', state: 'live' }
    )
  ),
  quote('a price of no time is none', 'ACME', { regularMarketTime: 0 }, { failed: 'not_found' }),
  quote(
    'a price of next year is refused',
    'ACME',
    { regularMarketTime: seconds('2027-01-01T00:00:00Z') },
    { failed: 'rejected_by_quality' }
  ),
  quote(
    'a name that says nothing is none',
    'ACME',
    { longName: null, shortName: 'N/A' },
    { price: 10 },
    { absent: ['name'] }
  ),
  quote(
    'coins of a price with many zeros keep their digits, and no turnover as volume',
    'SHIB-USD',
    { quoteType: 'CRYPTOCURRENCY', regularMarketPrice: 8.123e-6, regularMarketVolume: 1e8 },
    { price: 0.000008123, kind: 'crypto' },
    { absent: ['volume'] }
  )
]

/** Figures that cannot be. */
const IMPOSSIBLE: VendorAnswer[] = [
  quote(
    'a bid above the ask is no book',
    'ACME',
    { bid: 10.2, ask: 9.9 },
    { price: 10, state: 'live' },
    { absent: ['bid', 'ask'] }
  ),
  quote(
    'zeros for what there is none of are missing',
    'ACME',
    { bid: 0, ask: 0, regularMarketOpen: 0, regularMarketDayLow: 0, regularMarketDayHigh: 0, fiftyTwoWeekLow: 0 },
    { price: 10 },
    { absent: ['bid', 'ask', 'open', 'dayLow', 'dayHigh', 'yearLow'] }
  ),
  quote(
    'a price of 0 is none, although it traded',
    'DEAD',
    { regularMarketPrice: 0, regularMarketVolume: 1000 },
    { failed: 'not_found' }
  ),
  quote(
    'a close of before a split that nobody lists is in doubt',
    'NVDX',
    { regularMarketPrice: 120.9, regularMarketPreviousClose: 1208.88 },
    { state: 'suspect' },
    { note: /unannounced split/ }
  ),
  quote(
    'a change of 0 beside another close is in doubt',
    'ACME',
    { regularMarketPrice: 11, regularMarketPreviousClose: 10, regularMarketChange: 0, regularMarketChangePercent: 0 },
    { state: 'suspect' }
  ),
  quote(
    'a fraction for a percentage is in doubt',
    'ACME',
    {
      regularMarketPrice: 10.5,
      regularMarketPreviousClose: 10,
      regularMarketChange: 0.5,
      regularMarketChangePercent: 0.05
    },
    { state: 'suspect' }
  )
]

/** Sessions. */
const SESSIONS: VendorAnswer[] = [
  quote(
    'a market that is called closed has just traded, in hours in which it trades',
    'AAPL',
    { marketState: 'CLOSED' },
    { marketState: 'regular', state: 'live' }
  ),
  quote(
    'a market that is called open is closed on a holiday',
    'AAPL',
    {},
    { marketState: 'closed', state: 'closed' },
    { at: '2026-11-25T21:00:00Z', now: '2026-11-26T16:00:00Z' }
  ),
  quote(
    'a market that is called open is closed an hour after the end of a half day',
    'AAPL',
    {},
    { marketState: 'post', state: 'closed' },
    { at: '2026-11-27T18:00:00Z', now: '2026-11-27T19:00:00Z' }
  ),
  quote(
    'a price of before the session is the newest while there is none of the day',
    'AAPL',
    { marketState: 'PRE', preMarketPrice: 10.1, preMarketTime: seconds('2026-11-25T12:59:00Z') },
    { extendedHours: { session: 'pre', price: 10.1 }, state: 'closed' },
    { at: '2026-11-24T21:00:00Z', now: '2026-11-25T13:00:00Z' }
  ),
  ...(['pre', 'post'] as const).map((session) =>
    quote(
      `a price of the ${session} session of before the last regular one is not the newest`,
      'AAPL',
      {
        marketState: session === 'pre' ? 'POST' : 'CLOSED',
        [`${session}MarketPrice`]: 9,
        [`${session}MarketTime`]: seconds('2026-11-25T13:00:00Z')
      },
      { price: 10 },
      { at: '2026-11-25T21:00:00Z', now: '2026-11-26T00:30:00Z', absent: ['extendedHours'] }
    )
  ),
  quote(
    'Riyadh trades on Sundays',
    '2222.SR',
    { currency: 'SAR', regularMarketPrice: 25.1 },
    { marketState: 'regular', state: 'live' },
    { at: '2026-11-22T10:00:00Z', now: '2026-11-22T10:00:20Z' }
  ),
  quote(
    'Tel Aviv traded on Sundays until 2026',
    'TEVA.TA',
    { currency: 'ILA', regularMarketPrice: 6000 },
    { price: 60, currency: 'ILS', marketState: 'regular', state: 'live' },
    { at: '2025-11-23T10:00:00Z', now: '2025-11-23T10:00:20Z' }
  ),
  quote(
    "a fund's value of yesterday is not live",
    'VFIAX',
    { quoteType: 'MUTUALFUND', regularMarketPrice: 600.12 },
    { price: 600.12, kind: 'fund', state: 'closed' },
    { at: '2026-11-25T00:01:00Z', absent: ['volume'] }
  )
]

/** Symbols and what they name. */
const SYMBOLS: VendorAnswer[] = [
  quote(
    'an index has no volume of 0',
    '^GSPC',
    { quoteType: 'INDEX', regularMarketVolume: 0 },
    { kind: 'index' },
    { absent: ['volume'] }
  ),
  quote(
    'a pair that is spelled by one currency is of both',
    'USDJPY=X',
    { quoteType: 'CURRENCY', currency: 'JPY', regularMarketPrice: 156.3 },
    { kind: 'fx', price: 156.3, currency: 'JPY' },
    { wire: 'JPY=X' }
  ),
  quote(
    'a preferred share is its own',
    'BAC.PRL',
    { regularMarketPrice: 1200 },
    { symbol: 'BAC.PRL', price: 1200 },
    { wire: 'BAC-PL' }
  ),
  quote(
    'a warrant is its own',
    'ACME.WS',
    { regularMarketPrice: 0.03 },
    { symbol: 'ACME.WS', price: 0.03 },
    { wire: 'ACME-WT' }
  ),
  quote(
    'the successor of a renamed symbol is not that symbol',
    'FB',
    { regularMarketPrice: 600 },
    { failed: 'not_found' },
    { wire: 'META' }
  ),
  quote('a row without an instrument is none', 'XXX', { quoteType: 'NONE' }, { failed: 'not_found' })
]

export const yahooQuoteAnswers = [...UNITS, ...SPELLINGS, ...IMPOSSIBLE, ...SESSIONS, ...SYMBOLS]
