import type { MoverKind } from '../../../market/market-wide.ts'
import { dateOfDay, dayOfDate } from '../../calendar.ts'
import { moversOf, searchInstruments, VENDOR_SECTORS } from '../../market-wide.ts'
import { newsAbout, type Story } from '../../news-wire.ts'
import { expiriesOf, optionChain, type SimulatedOption } from '../../option-chains.ts'
import type { Instrument } from '../../universe/instrument.ts'
import { VENUES } from '../../venues.ts'
import { countOf, json, type Directory, type MarketView, type VendorAnswer, type VendorRequest } from '../vendor.ts'
import { QUOTE_TYPES, quoteRow } from './quote-row.ts'
import { float32, yahooSymbol } from './symbols.ts'

const MAX_ROWS = 250
const DAY_SECONDS = 86_400
/** Until the year 9999. */
const MAX_EPOCH_DAYS = 2_932_897

const SCREENERS: Record<string, { type: MoverKind; title: string }> = {
  day_gainers: { type: 'gainers', title: 'Day Gainers' },
  day_losers: { type: 'losers', title: 'Day Losers' },
  most_actives: { type: 'actives', title: 'Most Actives' }
}

export function search(request: VendorRequest, market: MarketView, directory: Directory): VendorAnswer {
  const { query, at } = request
  const text = query.get('q')
  if (!text) return financeError(400, 'Bad Request', 'Missing required query parameter=q')
  const exact = directory.find(market, text)
  const found = searchInstruments(market, text, countOf(query.get('quotesCount'), 7, MAX_ROWS))
    .filter(({ symbol }) => market.find(symbol))
    .filter((instrument) => instrument !== exact)
  const matches = (exact ? [exact, ...found] : found).slice(0, countOf(query.get('quotesCount'), 7, MAX_ROWS))
  const about = exact ?? matches[0]
  const news = about ? newsAbout(market, about, countOf(query.get('newsCount'), 8, MAX_ROWS), at) : []
  return json({
    explains: [],
    count: matches.length + news.length,
    quotes: matches.map(searchRow),
    news: news.map(newsRow),
    nav: [],
    lists: [],
    researchReports: [],
    screenerFieldResults: [],
    totalTime: 40,
    timeTakenForQuotes: 426,
    timeTakenForNews: news.length > 0 ? 700 : 0,
    timeTakenForAlgowatchlist: 400,
    timeTakenForPredefinedScreener: 400,
    timeTakenForCrunchbase: 400,
    timeTakenForNav: 400,
    timeTakenForResearchReports: 0,
    timeTakenForScreenerField: 0,
    timeTakenForCulturalAssets: 0,
    timeTakenForSearchLists: 0
  })
}

function searchRow({ symbol, name, kind, venue, sector, industry }: Instrument, index: number) {
  const { quoteType, typeDisp } = QUOTE_TYPES[kind]
  return {
    exchange: VENUES[venue].yahoo.exchange,
    shortname: name,
    quoteType,
    symbol: yahooSymbol(symbol),
    index: 'quotes',
    score: 20_000 - index,
    typeDisp,
    longname: name,
    exchDisp: VENUES[venue].yahoo.fullName,
    ...(kind === 'equity' &&
      sector && {
        sector: VENDOR_SECTORS[sector],
        sectorDisp: VENDOR_SECTORS[sector],
        industry,
        industryDisp: industry
      }),
    isYahooFinance: true
  }
}

function newsRow({ id, title, publisher, url, publishedAt, symbols }: Story) {
  return {
    uuid: id,
    title,
    publisher,
    link: url,
    providerPublishTime: publishedAt / 1000,
    type: 'STORY',
    relatedTickers: symbols.map(yahooSymbol)
  }
}

/**
 * The news behind the web site's own pages: a POST whose body names the symbols (`serviceConfig.s`) and how many
 * stories (`serviceConfig.snippetCount`).
 */
export function newsStream({ body, at }: VendorRequest, market: MarketView, directory: Directory): VendorAnswer {
  const asked = streamRequestOf(body)
  if (!asked) return financeError(400, 'Bad Request', 'The body is not a stream request')
  const stories = asked.symbols
    .flatMap((symbol) => {
      const instrument = directory.find(market, symbol)
      return instrument ? newsAbout(market, instrument, asked.count, at) : []
    })
    .slice(0, asked.count)
  const pagination = { requestedCount: asked.count, contentOverrides: {}, remainingCount: 0, uuids: '' }
  return json({ data: { tickerStream: { pagination, nextPage: false, stream: stories.map(streamRow) } }, status: 'OK' })
}

function streamRequestOf(body: string): { symbols: string[]; count: number } | undefined {
  try {
    const { serviceConfig } = JSON.parse(body) as { serviceConfig: { s: string[]; snippetCount: number } }
    return { symbols: serviceConfig.s.map(String), count: countOf(String(serviceConfig.snippetCount), 10, MAX_ROWS) }
  } catch {
    return undefined
  }
}

function streamRow({ id, title, summary, publisher, domain, url, publishedAt }: Story) {
  const pubDate = `${new Date(publishedAt).toISOString().slice(0, 19)}Z`
  const link = { url, site: 'finance', region: 'US', lang: 'en-US' }
  return {
    id,
    content: {
      id,
      contentType: 'STORY',
      title,
      description: '',
      summary,
      pubDate,
      displayTime: pubDate,
      isHosted: true,
      bypassModal: false,
      previewUrl: null,
      thumbnail: null,
      provider: { displayName: publisher, url: `https://${domain}/` },
      canonicalUrl: link,
      clickThroughUrl: link,
      metadata: { editorsPick: false },
      finance: { premiumFinance: { isPremiumNews: false, isPremiumFreeNews: false } },
      storyline: null
    }
  }
}

export function screener({ query, at }: VendorRequest, market: MarketView): VendorAnswer {
  const id = query.get('scrIds') ?? ''
  const screen = SCREENERS[id]
  if (!screen) return financeError(404, 'Not Found', `No screener records found for scrId=${id}`)
  const count = countOf(query.get('count'), 25, MAX_ROWS)
  const movers = moversOf(market, screen.type, count, at)
  return json({
    finance: {
      result: [
        {
          id,
          title: screen.title,
          description: `${screen.title} of the simulated exchange`,
          canonicalName: id.toUpperCase(),
          criteriaMeta: {
            size: count,
            offset: 0,
            sortField: screen.type === 'actives' ? 'dayvolume' : 'percentchange',
            sortType: screen.type === 'losers' ? 'ASC' : 'DESC',
            quoteType: 'EQUITY',
            criteria: [],
            topOperator: 'AND'
          },
          rawCriteria: '{}',
          start: 0,
          count: movers.length,
          total: movers.length,
          quotes: movers.map(({ instrument }) => quoteRow(market, instrument, at)),
          useRecords: false,
          predefinedScr: true,
          versionId: 10,
          creationDate: 1_473_796_102_800,
          lastUpdated: 1_699_393_457_948,
          isPremium: false,
          iconUrl: 'https://example.invalid/screener.png'
        }
      ],
      error: null
    }
  })
}

/** An expiry that does not exist is answered with no contracts, as Yahoo does. */
export function options(
  { query, at }: VendorRequest,
  market: MarketView,
  instrument: Instrument | undefined
): VendorAnswer {
  if (!instrument) return json({ optionChain: { result: [], error: null } })
  const expiries = expiriesOf(market, instrument, at)
  const asked = query.get('date')
  const expiry = asked === null ? expiries[0] : expiryOf(asked)
  const contracts = expiry === undefined ? [] : optionChain(market, instrument, expiry, at)
  return json({
    optionChain: {
      result: [
        {
          underlyingSymbol: yahooSymbol(instrument.symbol),
          expirationDates: expiries.map(epochOf),
          strikes: [...new Set(contracts.map(({ strike }) => strike))],
          hasMiniOptions: false,
          quote: quoteRow(market, instrument, at),
          options: expiry === undefined ? [] : [chainOf(expiry, contracts)]
        }
      ],
      error: null
    }
  })
}

function expiryOf(epochSeconds: string): string | undefined {
  const day = Math.floor(Number(epochSeconds) / DAY_SECONDS)
  return Math.abs(day) < MAX_EPOCH_DAYS ? dateOfDay(day) : undefined
}

function chainOf(expiry: string, contracts: readonly SimulatedOption[]) {
  const side = (wanted: 'call' | 'put') => contracts.filter(({ side }) => side === wanted).map(contractRow)
  return { expirationDate: epochOf(expiry), hasMiniOptions: false, calls: side('call'), puts: side('put') }
}

function contractRow(contract: SimulatedOption) {
  return {
    contractSymbol: contract.symbol,
    strike: contract.strike,
    currency: 'USD',
    lastPrice: contract.last,
    change: float32(contract.change),
    percentChange: float32((contract.change / Math.max(0.01, contract.last - contract.change)) * 100),
    ...(contract.volume > 0 && { volume: contract.volume }),
    openInterest: contract.openInterest,
    bid: contract.bid,
    ask: contract.ask,
    contractSize: 'REGULAR',
    expiration: epochOf(contract.expiry),
    lastTradeDate: contract.lastTradeAt / 1000,
    impliedVolatility: contract.impliedVolatility,
    inTheMoney: contract.inTheMoney
  }
}

export function trending({ query, at }: VendorRequest, market: MarketView): VendorAnswer {
  const movers = moversOf(market, 'actives', countOf(query.get('count'), 5, MAX_ROWS), at)
  const quotes = movers.map(({ instrument }) => ({ symbol: yahooSymbol(instrument.symbol) }))
  const result = [{ count: quotes.length, quotes, jobTimestamp: at, startInterval: Math.floor(at / 1000) }]
  return json({ finance: { result, error: null } })
}

export function financeError(status: number, code: string, description: string): VendorAnswer {
  return json({ finance: { result: null, error: { code, description } } }, status)
}

function epochOf(date: string): number {
  return dayOfDate(date) * DAY_SECONDS
}
