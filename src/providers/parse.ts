import type { Feed, Provenance, ValueState } from '../market/provenance.ts'
import type { ProviderName } from './provider.ts'

/** Currencies that exchanges quote in hundredths (or thousandths) of the ISO unit, as vendors spell them. */
const MINOR_UNITS: Record<string, { currency: string; perMajor: number; name: string }> = {
  GBp: { currency: 'GBP', perMajor: 100, name: 'pence' },
  GBX: { currency: 'GBP', perMajor: 100, name: 'pence' },
  ZAc: { currency: 'ZAR', perMajor: 100, name: 'cents' },
  ZAX: { currency: 'ZAR', perMajor: 100, name: 'cents' },
  ILA: { currency: 'ILS', perMajor: 100, name: 'agorot' },
  KWF: { currency: 'KWD', perMajor: 1000, name: 'fils' }
}

export type CurrencyUnit = {
  /** ISO 4217, undefined where the vendor tells none. */
  readonly currency: string | undefined
  /** How many of the vendor's units make one major unit: 1, 100 or 1000. */
  readonly perMajor: number
  /** What to note on a converted value, e.g. `prices converted from pence (GBp) to GBP`. */
  readonly note: string | undefined
}

/** Reads a vendor's currency code. GBp differs from GBP by its case only, so case counts. */
export function currencyUnit(code: string | null | undefined): CurrencyUnit {
  if (!code) return { currency: undefined, perMajor: 1, note: undefined }
  const minor = MINOR_UNITS[code]
  if (!minor) return { currency: code.toUpperCase(), perMajor: 1, note: undefined }
  return {
    currency: minor.currency,
    perMajor: minor.perMajor,
    note: `prices converted from ${minor.name} (${code}) to ${minor.currency}`
  }
}

/** A finite number, or undefined: null, NaN and infinities are absences. Zero is a value here. */
export function finite(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined
}

/** A number above zero, or undefined: for prices and counts where vendors write 0 for "none". */
export function positive(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) && value > 0 ? value : undefined
}

/** The same members without those that are undefined: what a vendor did not give is a missing key. */
export function withoutAbsent<Value extends object>(value: Value): Value {
  return Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined)) as Value
}

/** Rounds away binary noise such as 13.237000465393066. Throws nothing; undefined passes through. */
export function rounded(value: number | undefined, decimals: number): number | undefined {
  if (value === undefined) return undefined
  const text = value.toFixed(decimals)
  return Number(text)
}

/** A trimmed text of at most `maxLength` characters, or undefined where it is empty or a placeholder. */
export function textOf(value: unknown, maxLength = 500): string | undefined {
  if (typeof value !== 'string') return undefined
  const trimmed = value.trim()
  if (trimmed === '' || trimmed === 'None' || trimmed === '-' || trimmed === 'null') return undefined
  return trimmed.length > maxLength ? `${trimmed.slice(0, maxLength - 1)}…` : trimmed
}

export type ProvenanceParts = {
  feed: Feed
  receivedAt: number
  state?: ValueState
  delayedBySeconds?: number
  notes?: readonly (string | undefined)[]
}

/** Provenance of a value fresh from a provider; the gateway adds the attempts. */
export function provenanceOf(source: ProviderName, parts: ProvenanceParts): Provenance {
  const notes = parts.notes?.filter((note) => note !== undefined)
  return {
    source,
    feed: parts.feed,
    receivedAt: new Date(parts.receivedAt).toISOString(),
    ...(parts.delayedBySeconds !== undefined && { delayedBySeconds: parts.delayedBySeconds }),
    state: parts.state ?? (parts.delayedBySeconds ? 'delayed' : 'live'),
    attempts: [],
    ...(notes?.length && { notes: [...notes] })
  }
}
