import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startSandbox, type Sandbox } from '../../src/sandbox/sandbox.ts'
import { knownRecordings } from '../support/known-recordings.ts'

const folder = knownRecordings ?? ''
/** 11:00 in New York on a Wednesday. */
const IN_SESSION = Date.parse('2026-10-07T15:00:00Z')
const AFTER_CLOSE = Date.parse('2026-10-07T21:00:00Z')

let now = IN_SESSION
let sandbox: Sandbox
let yahooSession: { cookie: string; crumb: string }

beforeAll(async () => {
  sandbox = await startSandbox({ now: () => now, alwaysOpen: false })
  const browser = { 'user-agent': 'Mozilla/5.0' }
  const page = await fetch(`${sandbox.url}/yahoo/quote/AAPL`, { headers: browser })
  const cookie = page.headers
    .getSetCookie()
    .map((each) => each.split(';')[0]!)
    .join('; ')
  const crumb = await (await fetch(`${sandbox.url}/yahoo/v1/test/getcrumb`, { headers: { ...browser, cookie } })).text()
  yahooSession = { cookie, crumb }
})
afterAll(() => sandbox.close())

async function simulated(path: string): Promise<unknown> {
  const url = new URL(sandbox.url + path)
  if (path.startsWith('/yahoo')) url.searchParams.set('crumb', yahooSession.crumb)
  else url.searchParams.set(path.startsWith('/tiingo') ? 'token' : 'apikey', 'k')
  const answer = await fetch(url, { headers: { 'user-agent': 'Mozilla/5.0', cookie: yahooSession.cookie } })
  return answer.json()
}

async function recorded(file: string): Promise<unknown> {
  return JSON.parse(await readFile(join(folder, file), 'utf8'))
}

/** Every path to a value and the value's type, with array positions and date or symbol keys made alike. */
function shapeOf(value: unknown, path = '$', found = new Map<string, Set<string>>()): Map<string, Set<string>> {
  const kind = value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value
  found.set(path, (found.get(path) ?? new Set()).add(kind))
  if (Array.isArray(value)) for (const each of value) shapeOf(each, `${path}[]`, found)
  else if (kind === 'object') {
    for (const [key, member] of Object.entries(value as object)) {
      shapeOf(member, `${path}.${/^\d{4,}/.test(key) ? '*' : key}`, found)
    }
  }
  return found
}

/** Members that the stand-in sends and the vendor never did, or with another type. */
function inventions(made: unknown, real: unknown): string[] {
  const known = shapeOf(real)
  return [...shapeOf(made)].flatMap(([path, kinds]) => {
    const expected = known.get(path)
    if (!expected) return [path]
    const wrong = [...kinds].filter((kind) => !expected.has(kind) && kind !== 'null')
    return wrong.length > 0 ? [`${path} is ${wrong.join('|')}, not ${[...expected].join('|')}`] : []
  })
}

const CASES: [name: string, path: string, recording: string, at?: number][] = [
  [
    'Yahoo quote in session',
    '/yahoo/v7/finance/quote?symbols=AAPL',
    'yahoo/quote/v7-AAPL-marketState-REGULAR-2025-08-25.json'
  ],
  [
    'Yahoo quote after the close',
    '/yahoo/v7/finance/quote?symbols=AAPL',
    'yahoo/quote/v7-AAPL-marketState-POST-2025-08-15.json',
    AFTER_CLOSE
  ],
  ['Yahoo quote of a coin', '/yahoo/v7/finance/quote?symbols=BTC-USD', 'yahoo/quote/quote-BTC-USD.json'],
  [
    'Yahoo daily chart',
    '/yahoo/v8/finance/chart/AAPL?period1=1598700000&period2=1604700000&interval=1d&events=div|split',
    'yahoo/historical-daily/chart-AAPL-2020-08-31-to-2020-11-07.json'
  ],
  [
    'Yahoo asset profile',
    '/yahoo/v10/finance/quoteSummary/AAPL?modules=assetProfile&formatted=false',
    'yahoo/profile/assetProfile-AAPL.json'
  ],
  [
    'Yahoo price',
    '/yahoo/v10/finance/quoteSummary/AAPL?modules=price&formatted=false',
    'yahoo/quote/quoteSummary-price-AAPL.json'
  ],
  [
    'Yahoo summary',
    '/yahoo/v10/finance/quoteSummary/AAPL?modules=summaryDetail&formatted=false',
    'yahoo/quote/quoteSummary-summaryDetail-AAPL.json'
  ],
  [
    'Yahoo financial data',
    '/yahoo/v10/finance/quoteSummary/AAPL?modules=financialData&formatted=false',
    'yahoo/fundamentals/quoteSummary-financialData-AAPL.json'
  ],
  [
    'Yahoo time series',
    '/yahoo/ws/fundamentals-timeseries/v1/finance/timeseries/AAPL?type=annualTotalRevenue,annualNetIncome',
    'yahoo/fundamentals/timeseries-income-annual-AAPL.json'
  ],
  [
    'Yahoo statistics',
    '/yahoo/v10/finance/quoteSummary/AAPL?modules=defaultKeyStatistics&formatted=false',
    'yahoo/fundamentals/quoteSummary-defaultKeyStatistics-AAPL.json'
  ],
  [
    'Yahoo summary of a fund',
    '/yahoo/v10/finance/quoteSummary/QQQ?modules=summaryDetail&formatted=false',
    'yahoo/quote/quoteSummary-summaryDetail-QQQ.json'
  ],
  [
    'Yahoo chart of an index',
    '/yahoo/v8/finance/chart/^GSPC?interval=1d&range=1mo',
    'yahoo/market-indices/v8-chart-SOX-1mo-1d-2026-10-05.json'
  ],
  [
    'Yahoo movers',
    '/yahoo/v1/finance/screener/predefined/saved?scrIds=day_gainers&formatted=false',
    'yahoo/movers/screener-day_gainers.json'
  ],
  ['Yahoo search', '/yahoo/v1/finance/search?q=AAPL', 'yahoo/symbol-search/search-AAPL.json'],
  ['Yahoo options', '/yahoo/v7/finance/options/AAPL', 'yahoo/options-chain/v7-AAPL-nearest-2025-10-30.json'],
  ['Yahoo trending', '/yahoo/v1/finance/trending/US', 'yahoo/trending/trendingSymbols-US.json'],
  ['FMP quote', '/fmp/stable/batch-quote?symbols=AAPL,MSFT', 'fmp/batch-quote/batch-quote-AAPL-MSFT-2026-07.json'],
  [
    'FMP daily',
    '/fmp/stable/historical-price-eod/full?symbol=AAPL&from=2026-09-01',
    'fmp/historical-daily/historical-price-eod-full-AAPL-2023-01.json'
  ],
  [
    'FMP minutes',
    '/fmp/stable/historical-chart/1min?symbol=^GSPC',
    'fmp/intraday/historical-chart-1min-GSPC-docs.json'
  ],
  ['FMP profile', '/fmp/stable/profile?symbol=AAPL', 'fmp/profile/profile-AAPL-2025-09.json'],
  ['FMP search', '/fmp/stable/search-symbol?query=AAPL', 'fmp/symbol-search/search-symbol-AAPL-2026-07.json'],
  ['FMP news', '/fmp/stable/news/stock?symbols=AAPL', 'fmp/news/news-stock-AAPL-MSFT-2025-09.json'],
  [
    'FMP sectors',
    '/fmp/stable/sector-performance-snapshot?date=2026-10-06',
    'fmp/sector-performance/sector-performance-snapshot-2026-07-29.json'
  ],
  ['FMP index', '/fmp/stable/quote?symbol=^GSPC', 'fmp/market-indices/quote-GSPC-2025-07-24-docs.json'],
  ['FMP indices', '/fmp/stable/batch-index-quotes', 'fmp/market-indices/batch-index-quotes-short-docs.json'],
  ['FMP actives', '/fmp/stable/most-actives', 'fmp/movers/most-actives-2025-09-23.json'],
  ['FMP movers', '/fmp/stable/biggest-gainers', 'fmp/movers/biggest-gainers-2025-09-23.json'],
  [
    'FMP income statement',
    '/fmp/stable/income-statement?symbol=AAPL',
    'fmp/fundamentals/income-statement-annual-AAPL.json'
  ],
  [
    'FMP trade after hours',
    '/fmp/stable/batch-aftermarket-trade?symbols=AAPL',
    'fmp/quote/batch-aftermarket-trade-AAPL-MSFT-2026-07.json'
  ],
  [
    'Alpha Vantage quote',
    '/alpha-vantage/query?function=GLOBAL_QUOTE&symbol=IBM',
    'alphavantage/quote/GLOBAL_QUOTE-IBM-2020.json'
  ],
  [
    'Alpha Vantage movers',
    '/alpha-vantage/query?function=TOP_GAINERS_LOSERS',
    'alphavantage/movers/TOP_GAINERS_LOSERS-2023-07.json'
  ],
  [
    'Alpha Vantage news',
    '/alpha-vantage/query?function=NEWS_SENTIMENT&tickers=AAPL',
    'alphavantage/news/NEWS_SENTIMENT-earnings-technology-2023.json'
  ],
  [
    'Alpha Vantage search',
    '/alpha-vantage/query?function=SYMBOL_SEARCH&keywords=tesla',
    'alphavantage/symbol-search/SYMBOL_SEARCH-Tesla-2023.json'
  ],
  [
    'Alpha Vantage options',
    '/alpha-vantage/query?function=HISTORICAL_OPTIONS&symbol=IBM',
    'alphavantage/options-chain/HISTORICAL_OPTIONS-IBM-excerpt-2026-09-24.json'
  ],
  [
    'Alpha Vantage overview',
    '/alpha-vantage/query?function=OVERVIEW&symbol=TSLA',
    'alphavantage/profile/OVERVIEW-TSLA-2023.json'
  ],
  [
    'Alpha Vantage income',
    '/alpha-vantage/query?function=INCOME_STATEMENT&symbol=VZ',
    'alphavantage/fundamentals/INCOME_STATEMENT-VZ.json'
  ],
  [
    'Alpha Vantage balance sheet',
    '/alpha-vantage/query?function=BALANCE_SHEET&symbol=VZ',
    'alphavantage/fundamentals/BALANCE_SHEET-VZ.json'
  ],
  [
    'Alpha Vantage cash flow',
    '/alpha-vantage/query?function=CASH_FLOW&symbol=VZ',
    'alphavantage/fundamentals/CASH_FLOW-VZ.json'
  ],
  [
    'Alpha Vantage daily',
    '/alpha-vantage/query?function=TIME_SERIES_DAILY&symbol=MSFT',
    'alphavantage/historical-daily/TIME_SERIES_DAILY-MSFT-compact.json'
  ],
  [
    'Alpha Vantage hours',
    '/alpha-vantage/query?function=TIME_SERIES_INTRADAY&interval=60min&symbol=MSFT',
    'alphavantage/intraday/TIME_SERIES_INTRADAY-MSFT-60min.json'
  ],
  ['Tiingo quote in session', '/tiingo/iex/?tickers=ibm', 'tiingo/quote/iex-IBM-in-session-2024-06-24.json'],
  [
    'Tiingo quote after the close',
    '/tiingo/iex/?tickers=aapl,googl',
    'tiingo/batch-quote/iex-AAPL-GOOGL-after-close-2021-08-27.json',
    AFTER_CLOSE
  ],
  [
    'Tiingo daily',
    '/tiingo/tiingo/daily/GOOGL/prices?startDate=2026-09-01',
    'tiingo/historical-daily/range-GOOGL-2018-01.json'
  ],
  [
    'Tiingo half hours',
    '/tiingo/iex/GOOGL/prices?resampleFreq=30min',
    'tiingo/intraday/iex-GOOGL-30min-2018-01-02.json'
  ],
  ['Tiingo meta', '/tiingo/tiingo/daily/GOOGL', 'tiingo/profile/meta-GOOGL-2017.json'],
  [
    'Tiingo search',
    '/tiingo/tiingo/utilities/search?query=AAPL',
    'tiingo/symbol-search/utilities-search-AAPL-2020.json'
  ],
  ['Tiingo news', '/tiingo/tiingo/news?tickers=aapl', 'tiingo/news/news-AAPL-MSFT-2024-06-25-excerpt.json'],
  [
    'Tiingo statements',
    '/tiingo/tiingo/fundamentals/GOOGL/statements?startDate=2025-01-01',
    'tiingo/fundamentals/statements-GOOGL-2020Q1.json'
  ],
  [
    'Tiingo metrics',
    '/tiingo/tiingo/fundamentals/GOOGL/daily?startDate=2026-09-01',
    'tiingo/fundamentals/daily-metrics-GOOGL-2020.json'
  ]
]

describe.skipIf(knownRecordings === undefined)(
  `the stand-ins say nothing that the vendors do not say (needs recordings)`,
  () => {
    test.each(CASES)('%s', async (_name, path, recording, at = IN_SESSION) => {
      now = at
      expect(inventions(await simulated(path), await recorded(recording))).toEqual([])
    })

    test('every market state that Yahoo has', async () => {
      const seen = new Set<string>()
      for (const hour of [1, 5, 9, 12, 19, 21, 24 + 2, 24 * 3 + 20]) {
        now = Date.parse('2026-10-07T03:00:00Z') + hour * 3_600_000
        const answer = (await simulated('/yahoo/v7/finance/quote?symbols=AAPL')) as {
          quoteResponse: { result: { marketState: string }[] }
        }
        seen.add(answer.quoteResponse.result[0]!.marketState)
      }
      expect([...seen].sort()).toEqual(['CLOSED', 'POST', 'POSTPOST', 'PRE', 'PREPRE', 'REGULAR'])
    })

    test('made-up rows stand under the words that the vendor puts above them', async () => {
      const words = async (answer: Promise<unknown>) => ((await answer) as { message: string }).message
      expect(await words(simulated('/alpha-vantage/query?function=REALTIME_OPTIONS&symbol=IBM'))).toBe(
        await words(recorded('alphavantage/errors/REALTIME_OPTIONS-not-entitled-artificial-sample-200.json'))
      )
    })

    test.each([
      ['/yahoo/v8/finance/chart/NOSUCHXYZ', 'yahoo/errors/chart-404-not-found.json'],
      ['/yahoo/v7/finance/quote?symbols=NONEXIST', 'yahoo/errors/quote-unknown-symbol-200-empty-2022.json'],
      [
        '/yahoo/v10/finance/quoteSummary/EURUSD=X?modules=assetProfile',
        'yahoo/errors/quoteSummary-404-assetProfile-EURUSD=X.json'
      ],
      ['/yahoo/v1/finance/search', 'yahoo/errors/search-missing-q-400.json'],
      ['/fmp/stable/quote?symbol=NOPE', 'fmp/errors/unknown-symbol-200-empty-array.json'],
      [
        '/alpha-vantage/query?function=GLOBAL_QUOTE&symbol=NOPE',
        'alphavantage/errors/GLOBAL_QUOTE-unknown-symbol-200-empty-object.json'
      ],
      ['/tiingo/tiingo/daily/xxxx', 'tiingo/errors/unknown-ticker-404.json']
    ])('%s is refused word for word', async (path, recording) => {
      expect(await simulated(path)).toEqual(await recorded(recording))
    })
  }
)
