import type { Gateway } from '../../../src/gateway/gateway.ts'
import type { Ask } from '../../../src/gateway/single-question.ts'
import type { BarRequest } from '../../../src/market/bar.ts'
import type { Provenance } from '../../../src/market/provenance.ts'
import type { Quote } from '../../../src/market/quote.ts'
import type { ProviderName } from '../../../src/providers/provider.ts'

/** What a vendor answers: JSON as a rule. */
export type Answer = {
  readonly body?: unknown
  readonly text?: string
  readonly status?: number
  readonly type?: string
  readonly headers?: Record<string, string>
}

export type Value = { readonly provenance: Provenance }

/** An answer of a vendor, in its own shape, and what has to come out of it. */
export type VendorAnswer = {
  /** What a user would lose. */
  readonly says: string
  readonly vendor: ProviderName
  /** When it is asked; an instant of ISO 8601. */
  readonly now: string
  /** By the beginning of the path, or by what the path and the query hold. */
  readonly answers: Readonly<Record<string, Answer>>
  readonly ask: (gateway: Gateway, ask: Ask) => Promise<Value | undefined>
  /** Members of the value, `state` of its provenance, the closes of a series; or how the vendor failed. */
  readonly right: object
  /** Members that the value must not have. */
  readonly absent?: readonly string[]
  /** What one of the notes has to say; that there are none where it is `none`. */
  readonly note?: RegExp | 'none'
}

/** Of a session that runs: Wednesday, eleven in New York. */
export const IN_SESSION = '2026-11-25T16:00:00Z'
/** The Sunday after. */
export const SUNDAY = '2026-11-29T23:53:31Z'

export const seconds = (instant: string) => Date.parse(instant) / 1000

export function quotesOf(symbol: string, held?: Quote): VendorAnswer['ask'] {
  return async (gateway, ask) => {
    const quotes = await gateway.quotes([symbol], { ...ask, ...(held && { held: new Map([[symbol, held]]) }) })
    const quote = quotes.get(symbol)
    if (quote instanceof Error) throw quote
    return quote
  }
}

export function barsOf(
  symbol: string,
  range: readonly [from: string, to: string],
  more: Partial<BarRequest> = {}
): VendorAnswer['ask'] {
  const [from, to] = range.map((day) => Date.parse(day))
  return (gateway, ask) =>
    gateway.bars({ symbol, interval: '1d', from: from!, to: to!, adjusted: 'splits', ...more }, ask)
}
