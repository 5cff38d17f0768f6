import { decode } from 'html-entities'
import type { Bar } from '../market/bar.ts'
import type { Feed, Provenance, ValueState } from '../market/provenance.ts'
import { isoOf, msOfEpoch } from '../market/time.ts'
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
/** What prices are in beside the currencies of ISO 4217: the offshore yuan, and the coins that others are priced in. */
const OTHER_CURRENCIES = ['CNH', 'BTC', 'ETH', 'USDT', 'USDC']
const CURRENCIES: ReadonlySet<string> = new Set([...Intl.supportedValuesOf('currency'), ...OTHER_CURRENCIES])

export type CurrencyUnit = {
  /** ISO 4217 (or the offshore yuan or a coin); undefined where the vendor tells none that is known. */
  readonly currency: string | undefined
  /** How many of the vendor's units make one major unit: 1, 100 or 1000. */
  readonly perMajor: number
  /** What to note on a converted value, e.g. `prices converted from pence (GBp) to GBP`. */
  readonly note: string | undefined
  /** False where a price may be off by a factor of 100: it must not be passed on without a doubt. */
  readonly isCertain: boolean
}

export const UNIT_UNKNOWN = 'the vendor does not tell the unit of this listing: the price may be in pence or cents'
export const CURRENCY_UNKNOWN =
  'the vendor names a currency that does not exist: which one the price is in is not known'

/** Reads a vendor's currency code. GBp differs from GBP by its case only, so case counts. */
export function currencyUnit(told: string | null | undefined): CurrencyUnit {
  const code = told?.trim()
  if (!code) return { currency: undefined, perMajor: 1, note: undefined, isCertain: true }
  const minor = Object.hasOwn(MINOR_UNITS, code) ? MINOR_UNITS[code] : undefined
  if (!minor) {
    const currency = MINOR_UNIT.test(code) ? undefined : code.toUpperCase()
    if (currency && CURRENCIES.has(currency)) return { currency, perMajor: 1, note: undefined, isCertain: true }
    const note = currency ? CURRENCY_UNKNOWN : UNIT_UNKNOWN
    return { currency: undefined, perMajor: 1, note, isCertain: false }
  }
  return {
    currency: minor.currency,
    perMajor: minor.perMajor,
    note: `prices converted from ${minor.name} (${code}) to ${minor.currency}`,
    isCertain: true
  }
}

/** The currency of amounts that no vendor tells in a minor unit, such as those of statements; undefined where not known. */
export function currencyOf(told: unknown): string | undefined {
  return typeof told === 'string' ? currencyUnit(told).currency : undefined
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

/** An instant as `msOfEpoch` reads it; undefined for what is no number, too. */
export function epochMs(value: unknown): number | undefined {
  const known = finite(value)
  return known === undefined ? undefined : msOfEpoch(known)
}

/** Of a computed price: more digits than any vendor sends, and fewer than binary noise begins at. */
const COMPUTED_DIGITS = 10

/** A price that was computed, without the noise of binary fractions (244579.00999999998). */
export function computedPrice(price: number): number {
  return Number(price.toPrecision(COMPUTED_DIGITS))
}

/** The four prices of a bar, each computed with `priceOf`. */
export function withPrices<Priced extends Pick<Bar, 'open' | 'high' | 'low' | 'close'>>(
  bar: Priced,
  priceOf: (price: number) => number
): Priced {
  const [open, high, low, close] = [bar.open, bar.high, bar.low, bar.close].map((price) =>
    computedPrice(priceOf(price))
  )
  return { ...bar, open, high, low, close }
}

/** Rounds away binary noise such as 13.237000465393066. Throws nothing; undefined passes through. */
export function rounded(value: number | undefined, decimals: number): number | undefined {
  if (value === undefined) return undefined
  const text = value.toFixed(decimals)
  return Number(text)
}

/** No story's address is longer, and no browser takes much longer ones. */
const MAX_ADDRESS_LENGTH = 2000

/** What vendors write into a text for nothing at all. */
const PLACEHOLDERS = new Set(['', '-', '--', 'n/a', 'nan', 'none', 'null', 'undefined'])

/** White space of every kind, and what else ends a line. */
const WHITE_SPACE = /[\s\u0085]/g
/**
 * What a text must not hold: control characters (Postgres refuses NUL, terminals obey ESC), what turns the direction of
 * the text around it, what has no width or is no character, and halves of a pair of surrogates.
 */
const UNWANTED =
  /[\p{Cc}\p{Cs}\p{Noncharacter_Code_Point}\u061C\u180E\u200B\u200E\u200F\u202A-\u202E\u2060-\u206F\uFEFF\uFFF9-\uFFFB]/gu

/**
 * A trimmed text of at most `maxLength` characters, or undefined where it is empty or a placeholder. Vendors take names
 * and stories from web pages and pass on their entities (`AT&amp;T`, `what&#39;s`), some of which were escaped twice. It is one
 * line, and holds nothing but characters that can be shown.
 */
export function textOf(value: unknown, maxLength = 500): string | undefined {
  if (typeof value !== 'string') return undefined
  const decoded = decodedTwice(value)
  const text = decoded.replaceAll(WHITE_SPACE, ' ').replaceAll(UNWANTED, '').replaceAll(/ +/g, ' ').trim()
  if (PLACEHOLDERS.has(text.toLowerCase())) return undefined
  if (text.length <= maxLength) return text
  // The cut may go through a pair of surrogates.
  return `${text.slice(0, maxLength - 1).replace(/\p{Cs}$/u, '')}…`
}

function decodedTwice(text: string): string {
  if (!text.includes('&')) return text
  const once = decode(text, { scope: 'strict' })
  return once.includes('&') ? decode(once, { scope: 'strict' }) : once
}

/** An ampersand as pages write it within an address. */
const AMPERSAND = /&(?:amp|#38|#x26);/gi

/** A text that is a web address; undefined for all else, such as the `javascript:` of a hostile one. */
export function webAddress(text: unknown): string | undefined {
  if (typeof text !== 'string' || text.length > MAX_ADDRESS_LENGTH || !URL.canParse(text)) return undefined
  const url = new URL(text.replaceAll(AMPERSAND, '&'))
  return url.protocol === 'https:' || url.protocol === 'http:' ? url.href : undefined
}

/** The address of a company's site as the vendor writes it, where it is one. */
export function websiteOf(text: unknown): string | undefined {
  return webAddress(text) && textOf(text)
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
    receivedAt: isoOf(parts.receivedAt),
    ...(parts.delayedBySeconds !== undefined && { delayedBySeconds: parts.delayedBySeconds }),
    state: parts.state ?? (parts.delayedBySeconds ? 'delayed' : 'live'),
    attempts: [],
    ...(notes?.length && { notes: [...notes] })
  }
}
