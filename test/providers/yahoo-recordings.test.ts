import { Compile } from 'typebox/compile'
import { describe, expect, test } from 'vitest'
import { BarSeries, type Interval } from '../../src/market/bar.ts'
import { Fundamentals } from '../../src/market/fundamentals.ts'
import { Movers } from '../../src/market/market-wide.ts'
import { News } from '../../src/market/news.ts'
import { OptionChain } from '../../src/market/option-chain.ts'
import { Profile } from '../../src/market/profile.ts'
import { sectorNamed } from '../../src/market/sector.ts'
import { Quote } from '../../src/market/quote.ts'
import { SearchResult } from '../../src/market/search.ts'
import { parseSymbol } from '../../src/market/symbol.ts'
import { hasRecordings, recording, recordings, replay, signal, wireOf } from './yahoo-stand-in.ts'

type Row = Record<string, number | string | undefined> & { symbol: string }
const last = (path: URL) => decodeURIComponent(path.pathname.split('/').at(-1)!)
const under = (need: string, path: string) => recordings(need).filter(({ url }) => url.pathname.includes(path))
const symbolIn = (path: URL) => parseSymbol(last(path))!

describe.skipIf(!hasRecordings)('recorded Yahoo payloads (needs recordings)', () => {
  const quoteFiles = ['quote', 'batch-quote', 'market-indices', 'errors'].flatMap((need) =>
    under(need, '/v7/finance/quote')
  )

  test.each(quoteFiles.map((of) => [of.file, of] as const))('quotes of %s', async (_, of) => {
    const { provider, count } = await replay(of)
    const symbols = of.url.searchParams
      .get('symbols')!
      .split(',')
      .map((text) => parseSymbol(text)!)
    const quotes = await provider.quotes!(symbols, signal)

    expect(count('/v7/finance/quote')).toBe(1)
    const rows = (wireOf(of) as { quoteResponse: { result: Row[] } }).quoteResponse.result
    const priced = rows.filter((row) => row.regularMarketPrice !== undefined)
    expect(new Set(quotes.keys())).toEqual(new Set(priced.map((row) => parseSymbol(row.symbol))))
    for (const row of priced) {
      const quote = quotes.get(parseSymbol(row.symbol)!)!
      expect(Compile(Quote).Errors(quote)).toEqual([])
      const perMajor = row.currency === 'GBp' ? 100 : 1
      expect(quote.price).toBeCloseTo(Number(row.regularMarketPrice) / perMajor, 8)
      expect(Date.parse(quote.asOf)).toBe(Number(row.regularMarketTime) * 1000)
      if (row.regularMarketChange !== undefined) {
        expect(quote.change).toBeCloseTo(Number(row.regularMarketChange) / perMajor, 2)
      }
      expect(quote.changePercent).toBe(row.regularMarketChangePercent)
      expect(quote).not.toHaveProperty('bidSize')
      if (row.quoteType === 'INDEX' || row.quoteType === 'CRYPTOCURRENCY') expect(quote).not.toHaveProperty('volume')
      if (quote.bid !== undefined && quote.ask !== undefined) expect(quote.bid).toBeLessThanOrEqual(quote.ask)
      const isDelayed = row.exchangeDataDelayedBy || /delayed/i.test(String(row.quoteSourceName))
      expect(quote.provenance.feed).toBe(isDelayed ? 'delayed' : 'composite')
    }
  })

  test.each([
    ['CLOSED-2025-08-16', 'closed', 'closed', { session: 'post', price: 231.18 }],
    ['POST-2025-08-15', 'post', 'live', { session: 'post', price: 231.2 }],
    ['POSTPOST-2025-08-16', 'closed', 'closed', { session: 'post', price: 231.18 }],
    ['PRE-2025-08-26', 'pre', 'live', { session: 'pre', price: 226.96 }],
    ['REGULAR-2025-08-25', 'regular', 'live', undefined]
  ])('AAPL while %s keeps its regular price beside the extended one', async (name, marketState, state, extended) => {
    const { provider } = await replay(recording('quote', `v7-AAPL-marketState-${name}.json`))
    const quote = (await provider.quotes!(['AAPL'], signal)).get('AAPL')!
    expect(quote).toMatchObject({ marketState, provenance: { state } })
    if (extended) expect(quote.extendedHours).toMatchObject(extended)
    else expect(quote).not.toHaveProperty('extendedHours')
    expect(quote.price).toBeGreaterThan(227)
  })

  const charts = ['historical-daily', 'intraday', 'market-indices'].flatMap((need) => under(need, '/finance/chart/'))

  test.each(charts.map((of) => [of.file, of] as const))('bars of %s', async (_, of) => {
    const { provider } = await replay(of)
    const wire = (wireOf(of) as { chart: { result: Chart[] } }).chart.result[0]!
    const interval = wire.meta.dataGranularity as Interval | '3mo'
    const range = { symbol: symbolIn(of.url), interval: interval === '3mo' ? '1mo' : interval, from: -1e12, to: 4e12 }
    if (interval === '3mo') {
      const quartersForMonths = provider.bars!({ ...range, adjusted: 'splits' }, signal)
      return expect(quartersForMonths).rejects.toMatchObject({ kind: 'bad_payload' })
    }
    const series = await provider.bars!({ ...range, adjusted: 'splits' }, signal)

    expect(Compile(BarSeries).Errors(series)).toEqual([])
    expect(series.timeZone).toBe(wire.meta.exchangeTimezoneName)
    const perMajor = wire.meta.currency === 'GBp' ? 100 : 1
    const prices = wire.indicators.quote[0]!
    const complete = (wire.timestamp ?? []).map((_, i) => i).filter((i) => prices.low![i] && prices.close![i])
    expect(series.bars).toHaveLength(complete.length)
    for (const [n, i] of complete.entries()) {
      const bar = series.bars[n]!
      expect(bar.close / (prices.close![i]! / perMajor)).toBeCloseTo(1, 6)
      expect(bar.open / (prices.open![i]! / perMajor)).toBeCloseTo(1, 6)
      const local = new Date(wire.timestamp![i]! * 1000).toLocaleDateString('sv', { timeZone: series.timeZone })
      if (interval === '5m') expect(Date.parse(bar.start)).toBe(wire.timestamp![i]! * 1000)
      else expect(bar.start).toBe(local)
      if (wire.meta.instrumentType !== 'EQUITY') expect(bar).not.toHaveProperty('volume')
      else expect(bar.volume).toBe(prices.volume![i])
    }
    if (interval !== '5m') {
      const total = await provider.bars!({ ...range, adjusted: 'all' }, signal)
      const adjusted = wire.indicators.adjclose![0]!.adjclose
      for (const [n, i] of complete.entries()) {
        expect(total.bars[n]!.close / (adjusted[i]! / perMajor)).toBeCloseTo(1, 5)
      }
    }
  })

  test('AAPL as it traded before its split of 2020 is told apart from its adjusted price', async () => {
    const { provider } = await replay(recording('historical-daily', 'chart-AAPL-2020-08-31-to-2020-11-07.json'))
    const [from, to] = [Date.UTC(2020, 7, 31), Date.UTC(2020, 10, 7)]
    const traded = await provider.bars!({ symbol: 'AAPL', interval: '1d', from, to, adjusted: 'none' }, signal)
    expect(traded.bars[0]).toEqual({
      start: '2020-08-31',
      open: 127.58,
      high: 131,
      low: 126,
      close: 129.04,
      volume: 225_702_700
    })
    expect(traded.bars.at(-1)!.start).toBe('2020-11-06')
    expect(await provider.splits!('AAPL', signal)).toMatchObject({ splits: [{ exDate: '2020-08-31', ratio: 4 }] })
    expect(await provider.dividends!('AAPL', signal)).toMatchObject({
      dividends: [{ exDate: '2020-11-06', amount: 0.205, currency: 'USD', kind: 'cash' }],
      amountsAdjusted: 'splits'
    })
  })

  test("a fund's capital gains are payouts of their own kind", async () => {
    const { provider } = await replay(recording('historical-daily', 'v8-VFINX-max-3mo-capital-gains.json'))
    const { dividends } = await provider.dividends!('VFINX', signal)
    expect(dividends.some(({ kind }) => kind === 'capital_gain')).toBe(true)
    expect(dividends.map(({ exDate }) => exDate)).toEqual(
      dividends
        .map(({ exDate }) => exDate)
        .toSorted()
        .toReversed()
    )
  })

  const summaries = ['profile', 'quote', 'fundamentals'].flatMap((need) => under(need, '/quoteSummary/'))
  const isOfFigures = ({ file }: { file: string }) => /earnings|financialData|incomeStatement/.test(file)

  test.each(summaries.filter(isOfFigures).map((of) => [of.file, of] as const))('no profile from %s', async (_, of) => {
    const { provider } = await replay(of)
    await expect(provider.profile!(symbolIn(of.url), signal)).rejects.toMatchObject({ kind: 'not_covered' })
  })

  const profiled = summaries.filter((of) => !isOfFigures(of))

  test.each(profiled.map((of) => [of.file, of] as const))('profile from %s', async (_, of) => {
    const { provider } = await replay(of)
    const profile = await provider.profile!(symbolIn(of.url), signal)
    expect(Compile(Profile).Errors(profile)).toEqual([])
    const { assetProfile } = (wireOf(of) as { quoteSummary: { result: [Summary] } }).quoteSummary.result[0]
    expect(profile.sector).toBe(sectorNamed(assetProfile?.sector))
    expect(profile.employees).toBe(assetProfile?.fullTimeEmployees)
    expect(profile.description?.slice(0, 40)).toBe(
      (assetProfile?.longBusinessSummary ?? assetProfile?.description)?.slice(0, 40)
    )
  })

  const keyed = under('fundamentals', '/quoteSummary/').filter(({ file }) => /all-|Statistics|financialData/.test(file))

  test.each(keyed.map((of) => [of.file, of] as const))('metrics from %s', async (_, of) => {
    const { provider } = await replay(of)
    const fundamentals = await provider.fundamentals!(symbolIn(of.url), signal)
    expect(Compile(Fundamentals).Errors(fundamentals)).toEqual([])
    const summary = (wireOf(of) as { quoteSummary: { result: [Summary] } }).quoteSummary.result[0]
    const equity = summary.financialData?.debtToEquity
    if (equity !== undefined) expect(fundamentals.metrics.debtToEquity).toBeCloseTo(equity / 100, 8)
    expect(fundamentals.metrics.epsTrailing).toBe(summary.defaultKeyStatistics?.trailingEps)
    expect(fundamentals.provenance.notes?.[0]).toMatch(/statements left out/)
  })

  test.each([
    ['timeseries-income-annual-AAPL.json', '2024-09-30', 'USD', { revenue: 391_035_000_000 }],
    ['timeseries-income-annual-7203.T.json', '2025-03-31', 'JPY', { revenue: 48_036_704_000_000 }],
    ['timeseries-balance-annual-MSFT.json', '2025-06-30', 'USD', { totalAssets: 619_003_000_000 }],
    ['fundamentalsTimeSeries-AAPL-balance-sheet-annual.json', '2024-09-30', 'USD', { cash: 29_943_000_000 }],
    ['fundamentalsTimeSeries-AAPL-financials-annual.json', '2024-09-30', 'USD', { netIncome: 93_736_000_000 }]
  ])('statements from %s', async (file, periodEnd, currency, lines) => {
    const of = recording('fundamentals', file)
    const { provider } = await replay(of)
    const fundamentals = await provider.fundamentals!(symbolIn(of.url), signal)
    expect(Compile(Fundamentals).Errors(fundamentals)).toEqual([])
    expect(fundamentals.statements[0]).toMatchObject({ periodEnd, period: 'annual', currency, lines })
  })

  test.each(['ADH', 'OCDO.L'])('%s without statements is not covered, rather than empty', async (symbol) => {
    const { provider } = await replay(
      recording('fundamentals', `fundamentalsTimeSeries-${symbol}-financials-quarterly.json`)
    )
    await expect(provider.fundamentals!(symbol, signal)).rejects.toMatchObject({ name: 'ProviderError' })
  })

  test.each(recordings('options-chain').map((of) => [of.file, of] as const))('options of %s', async (_, of) => {
    const { provider } = await replay(of)
    const chain = await provider.options!(symbolIn(of.url), undefined, signal)
    expect(Compile(OptionChain).Errors(chain)).toEqual([])
    const wire = (wireOf(of) as { optionChain: { result: [OptionWire] } }).optionChain.result[0]
    expect(chain.expiries).toHaveLength(wire.expirationDates.length)
    const contracts = [...(wire.options[0]?.calls ?? []), ...(wire.options[0]?.puts ?? [])]
    expect(chain.contracts.map(({ symbol }) => symbol)).toEqual(contracts.map((contract) => contract.contractSymbol))
    expect(chain.contracts.map(({ strike }) => strike)).toEqual(contracts.map((contract) => contract.strike))
    for (const contract of chain.contracts) {
      // The day in the OCC symbol is the expiry: 6 digits before the side and the strike.
      expect(contract.expiry.replaceAll('-', '').slice(2)).toBe(/(\d{6})[CP]\d{8}$/.exec(contract.symbol)![1])
    }
  })

  test.each(recordings('symbol-search').map((of) => [of.file, of] as const))('search of %s', async (_, of) => {
    const { provider } = await replay(of)
    const rows = (wireOf(of) as { quotes: Row[] }).quotes.filter((row) => row.symbol !== undefined)
    const search = provider.search!(of.url.searchParams.get('q')!, 10, signal)
    if (rows.length === 0) return expect(search).rejects.toMatchObject({ kind: 'not_found' })
    const found = await search
    expect(Compile(SearchResult).Errors(found)).toEqual([])
    expect(found.matches.map(({ symbol }) => symbol)).toEqual(rows.map((row) => parseSymbol(row.symbol)))
    const news = await provider.news!('AAPL', 10, signal)
    expect(Compile(News).Errors(news)).toEqual([])
    expect(news.items).toHaveLength((wireOf(of) as { news: unknown[] }).news.length)
  })

  test.each(recordings('news').map((of) => [of.file, of] as const))('news of %s', async (_, of) => {
    const { provider } = await replay(of)
    const news = await provider.news!('AAPL', 10, signal)
    expect(Compile(News).Errors(news)).toEqual([])
    expect(news.items).toHaveLength(10)
    const instants = news.items.map(({ publishedAt }) => publishedAt)
    expect(instants).toEqual(instants.toSorted().toReversed())
  })

  test.each(recordings('movers').map((of) => [of.file, of] as const))('movers of %s', async (_, of) => {
    const { provider } = await replay(of)
    const movers = await provider.movers!('gainers', signal)
    expect(Compile(Movers).Errors(movers)).toEqual([])
    const rows = (wireOf(of) as { finance: { result: [{ quotes: Row[] }] } }).finance.result[0].quotes
    expect(movers.movers.map(({ symbol, price }) => [symbol, price])).toEqual(
      rows.map((row) => [parseSymbol(row.symbol), row.regularMarketPrice])
    )
  })
})

type Columns = Partial<Record<'open' | 'high' | 'low' | 'close' | 'volume', (number | null)[]>>
type Chart = {
  meta: Record<string, string>
  timestamp?: number[]
  indicators: { quote: Columns[]; adjclose?: { adjclose: number[] }[] }
}
type Summary = {
  assetProfile?: { sector?: string; fullTimeEmployees?: number; longBusinessSummary?: string; description?: string }
  financialData?: { debtToEquity?: number }
  defaultKeyStatistics?: { trailingEps?: number }
}
type Contract = { contractSymbol: string; strike: number }
type OptionWire = { expirationDates: number[]; options: { calls: Contract[]; puts: Contract[] }[] }
