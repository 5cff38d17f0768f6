import { Type, type Static } from 'typebox'
import { exchangeOfSuffix } from './exchanges.ts'
import { canonicalUsIssue } from './us-issue.ts'

export const MAX_SYMBOL_LENGTH = 32

/**
 * A canonical symbol, of which each listing has one. Upper case; United States issues with a dot (`BRK.B`, `BAC.PRL`,
 * `ABC.WS`), a listing's exchange after a dot (`OCDO.L`), indices with a caret (`^GSPC`), coins with a dash (`BTC-USD`),
 * currencies with `=X`, futures with `=F`, an Indian share after its exchange (`NSE:RELIANCE`).
 */
export const InstrumentSymbol = Type.String({
  minLength: 1,
  maxLength: MAX_SYMBOL_LENGTH,
  pattern: '^\\^?[A-Z0-9][A-Z0-9.:&=+_-]*$',
  description: 'Canonical symbol',
  examples: ['AAPL', 'BRK.B', 'OCDO.L', '^GSPC', 'BTC-USD', 'NSE:RELIANCE']
})

/** What several symbols were asked for as, where the spelling differs. */
export const RequestedSymbols = Type.Record(Type.String(), Type.String(), {
  description: 'Of symbols that were asked for in another spelling: the canonical symbol by that spelling',
  examples: [{ 'BRK-B': 'BRK.B' }]
})
export type RequestedSymbols = Static<typeof RequestedSymbols>

const CANONICAL = /^\^?[A-Z0-9][A-Z0-9.:&=+_-]{0,31}$/

/** Currencies that trade against one another under names of six letters, and the metals that do. */
const CURRENCIES = new Set(
  (
    'USD EUR GBP JPY CHF AUD CAD NZD CNY CNH HKD SGD SEK NOK DKK ISK PLN CZK HUF RON RUB UAH TRY ILS ZAR MXN BRL ARS ' +
    'CLP COP PEN INR IDR MYR THB PHP KRW TWD VND SAR AED QAR KWD EGP NGN KES PKR BDT LKR XAU XAG'
  ).split(' ')
)

/**
 * Reads what a person or a vendor wrote as a symbol: `brk-b`, `BRK B` and `BRK/B` become `BRK.B`; `BAC-PL` and `BAC PRL`
 * `BAC.PRL`; `RELIANCE.NS` `NSE:RELIANCE`; `BTCUSD` and `BTC/USD` `BTC-USD`; `EUR/USD` `EURUSD=X`. What may be another
 * instrument stays as it is. Returns undefined for anything that cannot be a symbol.
 */
export function parseSymbol(text: string): string | undefined {
  if (text.length > MAX_SYMBOL_LENGTH + 8) return undefined
  // Of other letters some turn into ASCII: the upper case of a long s is S, and it is no S of ours.
  const upper = text.trim().replaceAll(/[a-z]+/g, (letters) => letters.toUpperCase())
  const dashed = withDashedClass(upper)
  const symbol = indian(dashed) ?? pair(dashed) ?? canonicalUsIssue(dashed) ?? dashed
  return CANONICAL.test(symbol) ? symbol : undefined
}

/** `RELIANCE.NS` and `500325.BO`, as Yahoo and FMP spell listings of the two exchanges of Mumbai. */
function indian(text: string): string | undefined {
  const [, name, suffix] = /^([A-Z0-9&_-]+)\.(NS|BO)$/.exec(text) ?? []
  return name && `${suffix === 'NS' ? 'NSE' : 'BSE'}:${name}`
}

const SLASHED_PAIR = /^([A-Z0-9]{2,10})\/([A-Z]{3,4})$/
const JOINED_CURRENCIES = /^([A-Z]{3})([A-Z]{3})$/
const JOINED_COIN = /^(?=.{6})(?:([A-Z0-9]{2,10})(USDT|USDC|USD)|(BTC|ETH)(EUR|GBP|BTC|ETH))$/
/** Against the dollar Yahoo also names one currency alone. */
const AGAINST_DOLLAR = /^([A-Z]{3})=X$/

/** Without a slash only what has six letters or more is a pair: no share of the United States has so many. */
function pair(text: string): string | undefined {
  const [, currency] = AGAINST_DOLLAR.exec(text) ?? []
  if (currency) return `USD${currency}=X`
  const [, base, quoted] = SLASHED_PAIR.exec(text) ?? JOINED_CURRENCIES.exec(text) ?? []
  if (base && quoted && CURRENCIES.has(base)) return CURRENCIES.has(quoted) ? `${base}${quoted}=X` : undefined
  const symbol = text.replace(
    text.includes('/') ? SLASHED_PAIR : JOINED_COIN,
    text.includes('/') ? '$1-$2' : '$1$3-$2$4'
  )
  return symbol !== text && cryptoPair(symbol) ? symbol : undefined
}

const FOREIGN_CLASS = /^([A-Z0-9&]+)[ ./]([A-Z]{1,2})\.([A-Z]{1,3})$/
/** `BCE.PR.A.TO` and `ABC.WT.B.V`: as the exchanges of Canada spell their issues. */
const CANADIAN_ISSUE = /^([A-Z0-9&]+)[ ./-](PR|WT)[ ./-]?([A-Z])\.(TO|V|CN|NE)$/

/** Share classes elsewhere: `RCI.B.TO` and `VOLV B.ST` for `RCI-B.TO` and `VOLV-B.ST`; `BCE-PA.TO` for `BCE.PR.A.TO`. */
function withDashedClass(text: string): string {
  const [, issuer, issue, series, exchange] = CANADIAN_ISSUE.exec(text) ?? []
  if (issuer !== undefined) return `${issuer}-${issue === 'PR' ? 'P' : 'WT'}${series}.${exchange}`
  const [, root, shareClass, suffix] = FOREIGN_CLASS.exec(text) ?? []
  return suffix && exchangeOfSuffix(suffix) ? `${root}-${shareClass}.${suffix}` : text
}

const CRYPTO_PAIR = /^([A-Z0-9]{2,10})-(USD|USDT|USDC|EUR|GBP|BTC|ETH)$/
const CURRENCY_PAIR = /^([A-Z]{3})([A-Z]{3})=X$/

export type Pair = { readonly base: string; readonly quoted: string }

/** The coin of a canonical symbol such as `BTC-USD` and what it is priced in; undefined for all else. */
export function cryptoPair(symbol: string): Pair | undefined {
  return pairIn(CRYPTO_PAIR.exec(symbol))
}

/** The currencies of a canonical symbol such as `EURUSD=X`: the first is priced in the second. Undefined for all else. */
export function currencyPair(symbol: string): Pair | undefined {
  return pairIn(CURRENCY_PAIR.exec(symbol))
}

function pairIn(match: RegExpExecArray | null): Pair | undefined {
  return match?.[1] && match[2] ? { base: match[1], quoted: match[2] } : undefined
}
