import { Type, type Static } from 'typebox'
import { Bar, Interval } from './bar.ts'
import { BarDifferenceCause } from './bar-audit.ts'
import { Next } from './page.ts'
import { Feed } from './provenance.ts'

const audited = {
  tradeDate: Type.String({ pattern: '^\\d{4}-\\d{2}-\\d{2}$', description: "Of the session, in the exchange's zone" }),
  interval: Interval,
  source: Type.String({ description: 'Of whose trades our bars are made' }),
  feed: Feed,
  official: Type.String({ description: 'Whose bars they were held against', examples: ['alpaca/sip'] })
}

/** How many bars of a session were held against a vendor's official ones; of later audits of the same, the last. */
export const StoredAudit = Type.Object({
  symbol: Type.String({ description: 'Canonical' }),
  ...audited,
  compared: Type.Integer({ minimum: 0, description: 'Bars' }),
  differences: Type.Integer({ minimum: 0, description: 'Bars of which the official one says something else' }),
  auditedAt: Type.String({ format: 'date-time', description: 'UTC' })
})
export type StoredAudit = Static<typeof StoredAudit>

/** A bar of which the official one says something else. Figures are absent where one side has no such bar. */
export const StoredDifference = Type.Object({
  id: Type.Integer(),
  start: Type.String({ format: 'date-time', description: 'Of the bar, UTC; of a day, its midnight' }),
  cause: BarDifferenceCause,
  ...audited,
  open: Type.Optional(Bar.properties.open),
  high: Type.Optional(Bar.properties.high),
  low: Type.Optional(Bar.properties.low),
  close: Type.Optional(Bar.properties.close),
  volume: Bar.properties.volume,
  officialOpen: Type.Optional(Bar.properties.open),
  officialHigh: Type.Optional(Bar.properties.high),
  officialLow: Type.Optional(Bar.properties.low),
  officialClose: Type.Optional(Bar.properties.close),
  officialVolume: Bar.properties.volume
})
export type StoredDifference = Static<typeof StoredDifference>

/** A place among audits, newest sessions first. */
export type AuditPlace = Omit<StoredAudit, 'symbol' | 'compared' | 'differences' | 'auditedAt'> & {
  readonly instrumentId: number
}
/** A place among the differences of an instrument's session. */
export type DifferencePlace = Pick<StoredDifference, 'interval' | 'start' | 'id'>

export type AuditRequest = {
  readonly tradeDate?: string | undefined
  readonly limit: number
  readonly after?: AuditPlace | undefined
}
export type DifferenceRequest = {
  readonly tradeDate: string
  readonly limit: number
  readonly after?: DifferencePlace | undefined
}

/** `last`: the place of the last one, where there are more. */
export type StoredAudits = { readonly audits: readonly StoredAudit[]; readonly last?: AuditPlace }
export type StoredDifferences = { readonly differences: readonly StoredDifference[]; readonly last?: DifferencePlace }

export const AuditPage = Type.Object(
  { next: Next, audits: Type.Array(StoredAudit, { description: 'Newest sessions first' }) },
  { $id: 'AuditPage' }
)
export const DifferencePage = Type.Object(
  {
    symbol: Type.String({ description: 'Canonical' }),
    next: Next,
    differences: Type.Array(StoredDifference, { description: 'By interval and start' })
  },
  { $id: 'DifferencePage' }
)
