import {
  bigint,
  check,
  date,
  doublePrecision,
  index,
  integer,
  jsonb,
  pgTable,
  primaryKey,
  sql,
  text,
  unique
} from '../drizzle.ts'
import type { Adjustment, Interval } from '../../src/market/bar.ts'
import type { Dividends, Dividend } from '../../src/market/corporate-action.ts'
import type { InstrumentKind } from '../../src/market/instrument-kind.ts'
import type { Profile } from '../../src/market/profile.ts'
import type { BarState } from '../../src/market/event.ts'
import type { Feed, Provenance } from '../../src/market/provenance.ts'
import type { MarketState, Quote } from '../../src/market/quote.ts'
import type { Sector } from '../../src/market/sector.ts'
import { figure, instant } from './columns.ts'
import { instruments } from './instruments.ts'

/** The newest quote of each symbol. */
export const quotesLatest = pgTable(
  'quotes_latest',
  {
    symbol: text().primaryKey(),
    name: text(),
    kind: text().$type<InstrumentKind>(),
    price: figure().notNull(),
    change: figure(),
    changePercent: figure(),
    previousClose: figure(),
    open: figure(),
    dayHigh: figure(),
    dayLow: figure(),
    yearHigh: figure(),
    yearLow: figure(),
    volume: figure(),
    bid: figure(),
    ask: figure(),
    bidSize: figure(),
    askSize: figure(),
    marketCap: figure(),
    currency: text(),
    mic: text(),
    exchange: text(),
    marketState: text().$type<MarketState>(),
    extendedHours: jsonb().$type<NonNullable<Quote['extendedHours']>>(),
    derivative: jsonb().$type<NonNullable<Quote['derivative']>>(),
    asOf: instant().notNull(),
    sequence: bigint({ mode: 'number' }),
    receivedAt: instant().notNull(),
    /** Its place among all quotes of the symbol (src/market/order.ts): arrays compare number by number. */
    valueOrder: doublePrecision().array().notNull(),
    provenance: jsonb().$type<Provenance>().notNull()
  },
  (table) => [
    index('quotes_latest_as_of').on(table.asOf),
    // A price may be zero or less: crude oil, spreads. Postgres sorts NaN above infinity: one bound refuses both.
    check('quotes_latest_price_finite', sql`${table.price} > '-infinity' and ${table.price} < 'infinity'`),
    check('quotes_latest_volume_not_negative', sql`${table.volume} >= 0`),
    check('quotes_latest_sizes_not_negative', sql`${table.bidSize} >= 0 and ${table.askSize} >= 0`)
  ]
)

/**
 * What every bar of a series shares. Source and feed are part of the key: bars of two providers differ in venues, rounding
 * and adjustment, and bars of one venue are not those of the market; they are never mixed.
 */
export const barSeries = pgTable(
  'bar_series',
  {
    id: bigint({ mode: 'number' }).primaryKey().generatedAlwaysAsIdentity(),
    /** By its id, so that a new symbol does not split a history. */
    instrumentId: integer()
      .notNull()
      .references(() => instruments.id),
    interval: text().$type<Interval>().notNull(),
    adjusted: text().$type<Adjustment>().notNull(),
    source: text().notNull(),
    feed: text().$type<Feed>().notNull(),
    currency: text(),
    timeZone: text(),
    receivedAt: instant().notNull(),
    provenance: jsonb().$type<Provenance>().notNull()
  },
  (table) => [
    unique('bar_series_key').on(table.instrumentId, table.interval, table.adjusted, table.source, table.feed),
    check('bar_series_adjusted_known', sql`${table.adjusted} in ('none', 'splits', 'all')`)
  ]
)

const barFigures = () => ({
  open: figure().notNull(),
  high: figure().notNull(),
  low: figure().notNull(),
  close: figure().notNull(),
  volume: figure(),
  state: text().$type<BarState>().notNull(),
  /** Counts the corrections of a final bar. */
  revision: integer().notNull(),
  /** Why it was corrected. */
  reason: text(),
  receivedAt: instant().notNull()
})

/**
 * Since when the bar has said what it says: a later answer that says the same does not change it. Null in rows of before
 * it was kept: then `receivedAt` is the nearest that is known.
 */
const toldAt = () => instant()

/** Bars of 1d and longer, by session date. A close may be negative: crude oil settled at -37.63 on 2020-04-20. */
export const dailyBars = pgTable(
  'daily_bars',
  {
    seriesId: bigint({ mode: 'number' })
      .notNull()
      .references(() => barSeries.id, { onDelete: 'cascade' }),
    start: date({ mode: 'string' }).notNull(),
    ...barFigures(),
    toldAt: toldAt().default(sql`now()`)
  },
  (table) => [
    primaryKey({ columns: [table.seriesId, table.start] }),
    check('daily_bars_range', sql`${table.high} >= ${table.low} and ${table.high} < 'infinity'`),
    check('daily_bars_volume_not_negative', sql`${table.volume} >= 0`)
  ]
)

/** Bars shorter than a day, by the instant they open; partitioned by month. */
export const bars = pgTable(
  'bars',
  {
    seriesId: bigint({ mode: 'number' })
      .notNull()
      .references(() => barSeries.id, { onDelete: 'cascade' }),
    start: instant().notNull(),
    ...barFigures(),
    toldAt: toldAt().default(sql`now()`)
  },
  (table) => [
    primaryKey({ columns: [table.seriesId, table.start] }),
    check('bars_range', sql`${table.high} >= ${table.low} and ${table.high} < 'infinity'`),
    check('bars_volume_not_negative', sql`${table.volume} >= 0`)
  ]
)

/**
 * What final bars said before they were corrected, oldest revision first: a trigger of both tables of bars keeps it. Bars
 * that go because the whole series is adjusted anew leave nothing here.
 */
export const barRevisions = pgTable(
  'bar_revisions',
  {
    seriesId: bigint({ mode: 'number' })
      .notNull()
      .references(() => barSeries.id, { onDelete: 'cascade' }),
    /** A date's first instant in UTC for bars of 1d and longer. */
    start: instant().notNull(),
    ...barFigures(),
    toldAt: toldAt(),
    replacedAt: instant()
      .notNull()
      .default(sql`now()`)
  },
  (table) => [
    primaryKey({ columns: [table.seriesId, table.start, table.revision] }),
    index('bar_revisions_replaced_at').on(table.replacedAt)
  ]
)

export const profiles = pgTable('profiles', {
  symbol: text().primaryKey(),
  name: text(),
  kind: text().$type<InstrumentKind>(),
  description: text(),
  mic: text(),
  exchange: text(),
  currency: text(),
  country: text(),
  sector: text().$type<Sector>(),
  industry: text(),
  website: text(),
  employees: bigint({ mode: 'number' }),
  marketCap: figure(),
  beta: figure(),
  dividendYieldPercent: figure(),
  peRatio: figure(),
  eps: figure(),
  sharesOutstanding: figure(),
  ipoDate: date({ mode: 'string' }),
  cik: text(),
  isin: text(),
  cusip: text(),
  officers: jsonb().$type<NonNullable<Profile['officers']>>(),
  receivedAt: instant().notNull(),
  provenance: jsonb().$type<Provenance>().notNull()
})

/** Stories, one row per provider and story. `filedUnder`: the symbols that the provider listed the story for; none of those that it listed for the market. */
export const news = pgTable(
  'news',
  {
    source: text().notNull(),
    id: text().notNull(),
    title: text().notNull(),
    url: text().notNull(),
    publisher: text(),
    summary: text(),
    publishedAt: instant().notNull(),
    symbols: text().array().notNull(),
    filedUnder: text().array().notNull(),
    sentiment: figure(),
    receivedAt: instant().notNull(),
    provenance: jsonb().$type<Provenance>().notNull()
  },
  (table) => [
    primaryKey({ columns: [table.source, table.id] }),
    index('news_symbols').using('gin', table.symbols),
    index('news_filed_under').using('gin', table.filedUnder),
    index('news_published_at').on(table.publishedAt),
    check('news_sentiment_range', sql`${table.sentiment} between -1 and 1`)
  ]
)

/** That a provider was asked for a symbol's splits or dividends, and what it said of them all: a list may be empty. */
export const corporateActionLists = pgTable(
  'corporate_action_lists',
  {
    symbol: text().notNull(),
    kind: text().$type<'splits' | 'dividends'>().notNull(),
    amountsAdjusted: text().$type<Dividends['amountsAdjusted']>(),
    receivedAt: instant().notNull(),
    provenance: jsonb().$type<Provenance>().notNull()
  },
  (table) => [
    primaryKey({ columns: [table.symbol, table.kind] }),
    check(
      'corporate_action_lists_kind',
      sql`(${table.kind} = 'splits' and ${table.amountsAdjusted} is null)
        or (${table.kind} = 'dividends' and ${table.amountsAdjusted} in ('none', 'splits'))`
    )
  ]
)

export const splits = pgTable(
  'splits',
  { symbol: text().notNull(), exDate: date({ mode: 'string' }).notNull(), ratio: figure().notNull() },
  (table) => [
    primaryKey({ columns: [table.symbol, table.exDate] }),
    check('splits_ratio_positive', sql`${table.ratio} > 0 and ${table.ratio} < 'infinity'`),
    index('splits_ex_date').on(table.exDate)
  ]
)

/** `ordinal` tells two dividends of one day apart: a regular and a special one. */
export const dividends = pgTable(
  'dividends',
  {
    symbol: text().notNull(),
    exDate: date({ mode: 'string' }).notNull(),
    ordinal: integer().notNull(),
    amount: figure().notNull(),
    currency: text(),
    payDate: date({ mode: 'string' }),
    kind: text().$type<NonNullable<Dividend['kind']>>()
  },
  (table) => [
    primaryKey({ columns: [table.symbol, table.exDate, table.ordinal] }),
    check('dividends_amount_positive', sql`${table.amount} > 0 and ${table.amount} < 'infinity'`),
    index('dividends_ex_date').on(table.exDate)
  ]
)
