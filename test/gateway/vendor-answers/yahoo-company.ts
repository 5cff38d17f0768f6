import { expect } from 'vitest'
import { IN_SESSION, seconds, type Answer, type VendorAnswer } from './vendor-answer.ts'

const EXPIRY = seconds('2026-12-18T00:00:00Z')
const CALL = {
  contractSymbol: 'AAPL261218C00200000',
  strike: 200,
  currency: 'USD',
  lastPrice: 5,
  bid: 4.9,
  ask: 5.1,
  volume: 10,
  openInterest: 100,
  expiration: EXPIRY,
  impliedVolatility: 0.3
}
const CONTRACT = { symbol: 'AAPL261218C00200000', side: 'call', strike: 200, expiry: '2026-12-18' }

const chain = (
  says: string,
  calls: readonly object[],
  right: object,
  more: Partial<VendorAnswer> & { dates?: number[] } = {}
): VendorAnswer => {
  const { dates = [EXPIRY], ...rest } = more
  const quote = {
    symbol: 'AAPL',
    currency: 'USD',
    quoteType: 'EQUITY',
    regularMarketPrice: 200,
    marketState: 'REGULAR'
  }
  const result = {
    underlyingSymbol: 'AAPL',
    expirationDates: dates,
    quote: { ...quote, regularMarketTime: seconds('2026-11-25T15:59:00Z') },
    options: [{ expirationDate: EXPIRY, calls, puts: [] }]
  }
  return {
    says,
    vendor: 'yahoo',
    now: IN_SESSION,
    answers: { '/v7/finance/options/': { body: { optionChain: { result: [result], error: null } } } },
    ask: (gateway, ask) => gateway.options('AAPL', undefined, ask),
    right,
    ...rest
  }
}
const without = (...members: string[]) =>
  expect.not.objectContaining(Object.fromEntries(members.map((member) => [member, expect.anything()])))

const OPTIONS: VendorAnswer[] = [
  chain('a bid above the ask is no book', [{ ...CALL, bid: 5.3 }], { contracts: [without('bid', 'ask')] }),
  chain('a volatility of an empty book is none', [{ ...CALL, bid: 0, ask: 0, impliedVolatility: 0.5 }], {
    contracts: [without('bid', 'ask', 'impliedVolatility')]
  }),
  chain(
    'a volatility in percent is none',
    [{ ...CALL, impliedVolatility: 45.2 }],
    { contracts: [without('impliedVolatility')] },
    { note: /another unit/ }
  ),
  chain(
    'a volatility of 1200 % of one contract among many stays',
    [
      { ...CALL, impliedVolatility: 12 },
      ...[210, 220].map((strike) => ({ ...CALL, strike, contractSymbol: `AAPL261218C00${strike}000` }))
    ],
    { contracts: [{ ...CONTRACT, impliedVolatility: 12 }, {}, {}] }
  ),
  chain(
    'an expiry in milliseconds is that day',
    [{ ...CALL, expiration: EXPIRY * 1000 }],
    { contracts: [CONTRACT] },
    { dates: [EXPIRY * 1000] }
  ),
  chain(
    'a contract that has expired is none, and its expiry neither',
    [{ ...CALL, contractSymbol: 'AAPL261120C00200000', expiration: seconds('2026-11-20T00:00:00Z') }, CALL],
    { expiries: ['2026-12-18'], contracts: [CONTRACT] },
    { dates: [seconds('2026-11-20T00:00:00Z'), EXPIRY], note: /have expired/ }
  ),
  chain(
    'a chain of which all has expired is refused',
    [{ ...CALL, contractSymbol: 'AAPL261120C00200000', expiration: seconds('2026-11-20T00:00:00Z') }],
    { failed: 'rejected_by_quality' }
  ),
  chain(
    'a contract whose symbol names another strike is none',
    [
      { ...CALL, strike: 2 },
      { ...CALL, strike: 210, contractSymbol: 'AAPL261218C00210000' }
    ],
    { contracts: [{ strike: 210 }] },
    { note: /other terms/ }
  ),
  chain('a chain whose symbols all name other strikes is refused', [{ ...CALL, strike: 2 }], {
    failed: 'rejected_by_quality'
  }),
  chain(
    'a contract that a split adjusted stays beside the other one',
    [{ ...CALL, contractSymbol: 'AAPL1261218C00200000' }, CALL],
    { contracts: [{ symbol: 'AAPL1261218C00200000' }, CONTRACT] }
  ),
  chain(
    'wrapped numbers are numbers',
    [
      Object.fromEntries(
        Object.entries(CALL).map(([name, value]) => [
          name,
          typeof value === 'number' ? { raw: value, fmt: `${value}` } : value
        ])
      )
    ],
    { contracts: [{ ...CONTRACT, bid: 4.9 }] }
  )
]

const summary = (modules: object): Record<string, Answer> => ({
  '/v10/finance/quoteSummary/': { body: { quoteSummary: { result: [modules], error: null } } },
  '/ws/fundamentals-timeseries/': { body: { timeseries: { result: [], error: null } } }
})
const metrics = (
  says: string,
  symbol: string,
  modules: object,
  right: object,
  absent: readonly string[] = []
): VendorAnswer => ({
  says,
  vendor: 'yahoo',
  now: IN_SESSION,
  answers: summary(modules),
  async ask(gateway, ask) {
    const { metrics: told, provenance } = await gateway.fundamentals(symbol, ask)
    return { ...told, provenance }
  },
  right,
  absent
})
const LONDON = { currency: 'GBp', regularMarketPrice: 1484 }

const COMPANIES: VendorAnswer[] = [
  metrics(
    'of accounts in another currency no book value stands beside the price',
    'INFY.NS',
    {
      price: { currency: 'INR', regularMarketPrice: 1531.4, marketCap: 6.3e12 },
      summaryDetail: { trailingPE: 23.1 },
      defaultKeyStatistics: {
        bookValue: 2.67,
        priceToBook: 573.558,
        trailingEps: 66.3,
        enterpriseValue: 7.2e10,
        sharesOutstanding: 4.15e9
      },
      financialData: { financialCurrency: 'USD' }
    },
    { marketCap: 6.3e12, peRatio: 23.1, epsTrailing: 66.3 },
    ['priceToBook', 'bookValuePerShare', 'enterpriseValue']
  ),
  metrics(
    'earnings in pence are in pounds, and the price is divided by a book value in pounds',
    'ACME.L',
    {
      price: LONDON,
      summaryDetail: { trailingPE: 5.06 },
      defaultKeyStatistics: { trailingEps: 293.3, bookValue: 16.229, priceToBook: 91.441 },
      financialData: { financialCurrency: 'GBP' }
    },
    { peRatio: 5.06, epsTrailing: 2.933, bookValuePerShare: 16.229, priceToBook: 0.91441 }
  ),
  metrics(
    'earnings in pounds stay in pounds',
    'ACME.L',
    {
      price: LONDON,
      summaryDetail: { trailingPE: 5.06 },
      defaultKeyStatistics: { trailingEps: 2.933, forwardPE: 7.77 }
    },
    { peRatio: 5.06, epsTrailing: 2.933, forwardPeRatio: 7.77 }
  ),
  metrics(
    'pence by earnings in pounds are no ratio',
    'ACME.L',
    {
      price: { ...LONDON, marketCap: 2e10 },
      summaryDetail: { trailingPE: 506, forwardPE: 777 },
      defaultKeyStatistics: { trailingEps: 2.933 }
    },
    { marketCap: 2e10 },
    ['peRatio', 'forwardPeRatio', 'epsTrailing']
  ),
  metrics(
    'losses of which nothing tells the unit are missing',
    'ACME.L',
    { price: { ...LONDON, marketCap: 2e10 }, defaultKeyStatistics: { trailingEps: -4 } },
    { marketCap: 2e10 },
    ['epsTrailing']
  ),
  metrics(
    'texts that stand for no number are missing',
    'ACME',
    {
      price: { currency: 'USD', marketCap: 3e12 },
      summaryDetail: { trailingPE: 'Infinity', forwardPE: 'NaN', dividendYield: 0.0041 },
      defaultKeyStatistics: { priceToBook: {} }
    },
    { marketCap: 3e12, dividendYieldPercent: 0.41 },
    ['peRatio', 'forwardPeRatio', 'priceToBook']
  )
]

const LISTS: VendorAnswer[] = [
  {
    says: 'a search finds classes, preferred shares and units under their own symbols, and no private company',
    vendor: 'yahoo',
    now: IN_SESSION,
    answers: {
      '/v1/finance/search': {
        body: {
          quotes: [
            { symbol: 'BAC-PL', quoteType: 'EQUITY', longname: 'Preferred', exchange: 'NYQ' },
            { symbol: 'BRK-B', quoteType: 'EQUITY', longname: 'B', exchange: 'NYQ' },
            { name: 'Private', permalink: 'private' },
            { symbol: 'RELIANCE.BO', quoteType: 'EQUITY', longname: 'R', exchange: 'BSE' },
            { symbol: 'ESZ26.CME', quoteType: 'FUTURE' }
          ]
        }
      }
    },
    ask: (gateway, ask) => gateway.search('x', 10, ask),
    right: { matches: ['BAC.PRL', 'BRK.B', 'BSE:RELIANCE', 'ESZ26.CME'].map((symbol) => ({ symbol })) }
  },
  {
    says: 'nobody gained what pence beside pounds make of a price, nor without a price',
    vendor: 'yahoo',
    now: IN_SESSION,
    answers: {
      '/v1/finance/screener': {
        body: {
          finance: {
            result: [
              {
                quotes: [
                  { symbol: 'GOOD', regularMarketPrice: 10, regularMarketChange: 1, regularMarketChangePercent: 11.1 },
                  { symbol: 'NONE', regularMarketPrice: null, regularMarketChangePercent: 5 },
                  { symbol: 'UNIT', regularMarketPrice: 10, regularMarketChange: 9.9, regularMarketChangePercent: 9900 }
                ].map((row) => ({ quoteType: 'EQUITY', currency: 'USD', ...row }))
              }
            ],
            error: null
          }
        }
      }
    },
    ask: (gateway, ask) => gateway.movers('gainers', ask),
    right: { movers: [{ symbol: 'GOOD', changePercent: 11.1 }] }
  }
]

export const yahooCompanyAnswers = [...OPTIONS, ...COMPANIES, ...LISTS]
