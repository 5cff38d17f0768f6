import { Type, type Static, type TObject, type TProperties } from 'typebox'
import { Compile, type Validator } from 'typebox/compile'
import { positive } from '../parse.ts'
import { ProviderError } from '../provider.ts'
import { isRecord, salvage } from '../salvage.ts'
import { priceReader } from './prices.ts'
import { marketCapOf } from './quotes.ts'
import type { YahooClient } from './client.ts'
import { toYahooSymbol } from './symbols.ts'
import { listOf, memberOf, WireNumber, WireText } from './wire.ts'

const SUMMARY_URL = 'https://query2.finance.yahoo.com/v10/finance/quoteSummary/'

/**
 * Yahoo's summary of an instrument: whichever of the modules it has. Rejects with ProviderError('not_covered') for an
 * instrument without any of them (an exchange rate has no issuer), `not_found` for an unknown one.
 */
export async function fetchSummary(
  client: YahooClient,
  symbol: string,
  modules: readonly (keyof Summary)[],
  signal: AbortSignal
): Promise<Summary> {
  const answer = await client.ask(
    {
      url: SUMMARY_URL + encodeURI(toYahooSymbol(symbol)),
      query: { formatted: false, modules: modules.join(',') },
      crumb: true
    },
    signal
  )
  const results = memberOf(memberOf(answer, 'quoteSummary'), 'result')
  const result = listOf(results)[0]
  if (Array.isArray(results) && results.length === 0) {
    throw new ProviderError('yahoo', 'not_found', `yahoo has no summary of ${symbol}`)
  }
  if (!isRecord(result)) throw new ProviderError('yahoo', 'bad_payload', 'yahoo sent no summary')
  return {
    assetProfile: salvage(AssetProfile, result.assetProfile ?? result.summaryProfile) ?? {},
    quoteType: salvage(QuoteType, result.quoteType) ?? {},
    price: salvage(Price, result.price) ?? {},
    summaryDetail: salvage(SummaryDetail, result.summaryDetail) ?? {},
    defaultKeyStatistics: salvage(KeyStatistics, result.defaultKeyStatistics) ?? {},
    financialData: salvage(FinancialData, result.financialData) ?? {}
  }
}

/** The capitalisation in the major unit of the currency. */
export function capitalisationOf(symbol: string, summary: Summary): number | undefined {
  const { price, summaryDetail, defaultKeyStatistics: statistics } = summary
  const told = {
    marketCap: positive(price.marketCap) ?? positive(summaryDetail.marketCap),
    regularMarketPrice: price.regularMarketPrice,
    sharesOutstanding: statistics.sharesOutstanding
  }
  return marketCapOf(told, priceReader({ symbol, currency: price.currency ?? summaryDetail.currency }))
}

const AssetProfile = Compile(
  Type.Object({
    name: WireText, // coins have it
    longBusinessSummary: WireText,
    description: WireText, // coins
    country: WireText,
    sector: WireText,
    industry: WireText,
    website: WireText,
    fullTimeEmployees: WireNumber,
    companyOfficers: Type.Optional(Type.Array(Type.Unknown()))
  })
)

const QuoteType = Compile(
  Type.Object({ quoteType: WireText, longName: WireText, shortName: WireText, exchange: WireText })
)

const Price = Compile(
  Type.Object({
    quoteType: WireText,
    longName: WireText,
    shortName: WireText,
    exchange: WireText,
    exchangeName: WireText,
    currency: WireText,
    regularMarketPrice: WireNumber,
    marketCap: WireNumber,
    marketState: WireText,
    exchangeDataDelayedBy: WireNumber
  })
)

const SummaryDetail = Compile(
  Type.Object({
    currency: WireText,
    beta: WireNumber,
    trailingPE: WireNumber, // "Infinity" in text where earnings are 0
    forwardPE: WireNumber,
    marketCap: WireNumber,
    dividendYield: WireNumber, // a fraction, unlike the one of a quote
    yield: WireNumber // of a fund; a fraction
  })
)

const KeyStatistics = Compile(
  Type.Object({
    enterpriseValue: WireNumber,
    forwardPE: WireNumber,
    pegRatio: WireNumber,
    priceToBook: WireNumber,
    bookValue: WireNumber, // per share
    trailingEps: WireNumber,
    beta: WireNumber,
    profitMargins: WireNumber, // a fraction
    sharesOutstanding: WireNumber
  })
)

const FinancialData = Compile(
  Type.Object({
    financialCurrency: WireText,
    profitMargins: WireNumber,
    returnOnEquity: WireNumber, // a fraction
    debtToEquity: WireNumber // in percent
  })
)

type Read<V> = V extends Validator<TProperties, TObject<infer Properties>> ? Static<TObject<Properties>> : never

export type Summary = {
  assetProfile: Read<typeof AssetProfile>
  quoteType: Read<typeof QuoteType>
  price: Read<typeof Price>
  summaryDetail: Read<typeof SummaryDetail>
  defaultKeyStatistics: Read<typeof KeyStatistics>
  financialData: Read<typeof FinancialData>
}
