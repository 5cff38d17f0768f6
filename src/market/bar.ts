import { Type, type Static } from 'typebox'
import { Provenance } from './provenance.ts'
import { HOUR_MS, MINUTE_MS } from './time.ts'

export const Interval = Type.Enum(['1m', '5m', '15m', '30m', '1h', '1d', '1wk', '1mo'])
export type Interval = Static<typeof Interval>
export type IntradayInterval = Exclude<Interval, '1d' | '1wk' | '1mo'>

/** How long a bar within the day lasts where its session does not end before. */
export const INTRADAY_LENGTH_MS: Record<IntradayInterval, number> = {
  '1m': MINUTE_MS,
  '5m': 5 * MINUTE_MS,
  '15m': 15 * MINUTE_MS,
  '30m': 30 * MINUTE_MS,
  '1h': HOUR_MS
}

/** `none`: as traded. `splits`: earlier prices divided by later splits. `all`: for dividends too (total return). */
export const Adjustment = Type.Enum(['none', 'splits', 'all'])
export type Adjustment = Static<typeof Adjustment>

export const Bar = Type.Object({
  start: Type.String({
    description: 'Session date (YYYY-MM-DD, in the time zone of the exchange) from 1d up; else the UTC instant it opens'
  }),
  open: Type.Number(),
  high: Type.Number(),
  low: Type.Number(),
  close: Type.Number(),
  volume: Type.Optional(Type.Number({ description: 'Shares' })),
  complete: Type.Optional(
    Type.Literal(false, {
      description: 'The interval had not ended when the vendor answered; absent where it had, and the bar is final'
    })
  )
})
export type Bar = Static<typeof Bar>

/** Bars of one instrument, oldest first, one adjustment throughout, from one provider (series are never spliced). */
export const BarSeries = Type.Object(
  {
    symbol: Type.String(),
    interval: Interval,
    adjusted: Adjustment,
    currency: Type.Optional(Type.String()),
    timeZone: Type.Optional(Type.String({ description: 'IANA zone of the exchange' })),
    bars: Type.Array(Bar),
    provenance: Provenance
  },
  { $id: 'BarSeries' }
)
export type BarSeries = Static<typeof BarSeries>

/** The same with the closes of another adjustment beside those of its bars, for those who asked for them. */
export const HistoricalSeries = Type.Object(
  {
    ...BarSeries.properties,
    bars: Type.Array(
      Type.Object({
        ...Bar.properties,
        adjustedClose: Type.Optional(
          Type.Number({ description: 'As `adjustedCloses` says; absent where that series has no such bar' })
        )
      })
    ),
    adjustedCloses: Type.Optional(
      Type.Object(
        { adjusted: Adjustment, provenance: Provenance },
        { description: 'What `adjustedClose` is adjusted for, and where it comes from: a series of its own' }
      )
    )
  },
  { $id: 'HistoricalSeries' }
)
export type HistoricalSeries = Static<typeof HistoricalSeries>

/** A range of history that ends now. */
export const Period = Type.Enum(['1d', '5d', '1mo', '3mo', '6mo', 'ytd', '1y', '2y', '5y', '10y', 'max'])
export type Period = Static<typeof Period>

/** What to fetch: `from` inclusive and `to` exclusive, epoch milliseconds. */
export type BarRequest = {
  readonly symbol: string
  readonly interval: Interval
  readonly from: number
  readonly to: number
  readonly adjusted: Adjustment
  /** The name of the range where it was asked by name: requests of one period are one, whenever they come. */
  readonly period?: Period
}

/** Intraday bars start at instants, longer ones at session dates. */
export function isIntraday(interval: Interval): interval is IntradayInterval {
  return Object.hasOwn(INTRADAY_LENGTH_MS, interval)
}
