import { decode } from 'html-entities'
import type { Feed, Provenance, ValueState } from '../market/provenance.ts'
import type { ProviderName } from './provider.ts'

/**
 * Currencies that exchanges quote in hundredths (or thousandths) of the ISO unit, as vendors spell them. Grain, coffee
 * and sugar are quoted in US cents.
 */
const MINOR_UNITS: Record<string, { currency: string; perMajor: number; name: string }> = {
  GBp: { currency: 'GBP', perMajor: 100, name: 'pence' },
  GBX: { currency: 'GBP', perMajor: 100, name: 'pence' },
  ZAc: { currency: 'ZAR', perMajor: 100, name: 'cents' },
  ZAC: { currency: 'ZAR', perMajor: 100, name: 'cents' },
  ZAX: { currency: 'ZAR', perMajor: 100, name: 'cents' },
  ILA: { currency: 'ILS', perMajor: 100, name: 'agorot' },
  KWF: { currency: 'KWD', perMajor: 1000, name: 'fils' },
  USX: { currency: 'USD', perMajor: 100, name: 'cents' },
  USx: { currency: 'USD', perMajor: 100, name: 'cents' }
}
/** Two capitals and a small letter spell a minor unit; of one that is not in the table only that much is known. */
const MINOR_UNIT = /^[A-Z]{2}[a-z]$/

export type CurrencyUnit = {
  /** ISO 4217, undefined where the vendor tells none. */
  readonly currency: string | undefined
  /** How many of the vendor's units make one major unit: 1, 100 or 1000. */
  readonly perMajor: number
  /** What to note on a converted value, e.g. `prices converted from pence (GBp) to GBP`. */
  readonly note: string | undefined
  /** False where a price may be off by a factor of 100: it must not be passed on without a doubt. */
  readonly isCertain: boolean
}

export const UNIT_UNKNOWN = 'the vendor does not tell the unit of this listing: the price may be in pence or cents'

/** Reads a vendor's currency code. GBp differs from GBP by its case only, so case counts. */
export function currencyUnit(code: string | null | undefined): CurrencyUnit {
  if (!code) return { currency: undefined, perMajor: 1, note: undefined, isCertain: true }
  const minor = MINOR_UNITS[code]
  if (!minor && MINOR_UNIT.test(code)) {
    return { currency: undefined, perMajor: 1, note: UNIT_UNKNOWN, isCertain: false }
  }
  if (!minor) return { currency: code.toUpperCase(), perMajor: 1, note: undefined, isCertain: true }
  return {
    currency: minor.currency,
    perMajor: minor.perMajor,
    note: `prices converted from ${minor.name} (${code}) to ${minor.currency}`,
    isCertain: true
  }
}

const NUMERIC_TEXT = /^[+-]?(\d+\.?\d*|\d{1,3}(,\d{3})+\.?\d*|\.\d+)(e[+-]?\d+)?$/i

/**
 * A finite number, or undefined: null, NaN, infinities and placeholders such as `None` or `N/A` are absences. Zero is a
 * value here. Vendors write some numbers as text, and change which; all of them put commas between thousands.
 */
export function finite(value: unknown): number | undefined {
  const number =
    typeof value === 'string' && NUMERIC_TEXT.test(value.trim()) ? Number(value.replaceAll(',', '')) : value
  return typeof number === 'number' && Number.isFinite(number) ? number : undefined
}

/** A number, with a percent sign or without: the sign is dropped, not divided out. */
export function finiteOrPercent(value: unknown): number | undefined {
  return finite(typeof value === 'string' ? value.trim().replace(/%$/, '') : value)
}

/** A number above zero, or undefined: for prices and counts where vendors write 0 for "none". */
export function positive(value: unknown): number | undefined {
  const number = finite(value)
  return number !== undefined && number > 0 ? number : undefined
}

/** A number from zero up, or undefined: for volumes, which have come negative where a vendor's counter ran over. */
export function notNegative(value: unknown): number | undefined {
  const number = finite(value)
  return number !== undefined && number >= 0 ? number : undefined
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

/** What vendors write into a text for nothing at all. */
const PLACEHOLDERS = new Set(['', '-', '--', 'n/a', 'nan', 'none', 'null', 'undefined'])

/**
 * A trimmed text of at most `maxLength` characters, or undefined where it is empty or a placeholder. Vendors take names
 * and stories from web pages and pass on their entities (`AT&amp;T`, `what&#39;s`), which are decoded once.
 */
export function textOf(value: unknown, maxLength = 500): string | undefined {
  if (typeof value !== 'string') return undefined
  const trimmed = (value.includes('&') ? decode(value, { scope: 'strict' }) : value).trim()
  if (PLACEHOLDERS.has(trimmed.toLowerCase())) return undefined
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
