import { CALENDARS, exchangeOf } from '../../market/calendars.ts'
import { parseSymbol, usClassShare } from '../../market/symbol.ts'

/** Where an instrument trades, as far as the vendor's spelling tells. */
export type Listing = {
  readonly symbol: string
  /** As Financial Modeling Prep spells the symbol. */
  readonly wire: string
  /** IANA zone of the exchange, whose wall clock intraday bars follow; undefined where it is not known. */
  readonly zone: string | undefined
  /** ISO 4217; undefined for indices, and where listings of one exchange trade in several units. */
  readonly currency: string | undefined
  /** Some of the exchange's listings are priced in hundredths (or thousandths) of a currency. */
  readonly mixedUnits: boolean
  /** Two currencies or coins, whose prices have as many decimals as they need. */
  readonly isPair: boolean
}

const NEW_YORK = 'America/New_York'
const CRYPTO_PAIR = /^([A-Z0-9]{2,10})-(USD|USDT|USDC|EUR|GBP|BTC|ETH)$/
/** No share of the United States has so many letters: a pair as the vendor spells it, in whatever currency. */
const LONG_NAME = /^[A-Z0-9]{6,}$/
const CURRENCY_PAIR = /^([A-Z]{3})([A-Z]{3})=X$/

/** Zone and currency by the suffix that a listing outside the United States carries; no currency: several units. */
const EXCHANGES: Record<string, readonly [zone: string, currency?: string]> = {
  L: ['Europe/London'],
  JO: ['Africa/Johannesburg'],
  TA: ['Asia/Jerusalem'],
  KW: ['Asia/Kuwait'],
  AS: ['Europe/Amsterdam', 'EUR'],
  AX: ['Australia/Sydney', 'AUD'],
  BK: ['Asia/Bangkok', 'THB'],
  BO: ['Asia/Kolkata', 'INR'],
  BR: ['Europe/Brussels', 'EUR'],
  CN: ['America/Toronto', 'CAD'],
  CO: ['Europe/Copenhagen', 'DKK'],
  DE: ['Europe/Berlin', 'EUR'],
  F: ['Europe/Berlin', 'EUR'],
  HE: ['Europe/Helsinki', 'EUR'],
  HK: ['Asia/Hong_Kong', 'HKD'],
  IS: ['Europe/Istanbul', 'TRY'],
  JK: ['Asia/Jakarta', 'IDR'],
  KL: ['Asia/Kuala_Lumpur', 'MYR'],
  KQ: ['Asia/Seoul', 'KRW'],
  KS: ['Asia/Seoul', 'KRW'],
  LS: ['Europe/Lisbon', 'EUR'],
  MC: ['Europe/Madrid', 'EUR'],
  MI: ['Europe/Rome', 'EUR'],
  MX: ['America/Mexico_City', 'MXN'],
  NE: ['America/Toronto', 'CAD'],
  NS: ['Asia/Kolkata', 'INR'],
  NZ: ['Pacific/Auckland', 'NZD'],
  OL: ['Europe/Oslo', 'NOK'],
  PA: ['Europe/Paris', 'EUR'],
  SA: ['America/Sao_Paulo', 'BRL'],
  SI: ['Asia/Singapore', 'SGD'],
  SS: ['Asia/Shanghai', 'CNY'],
  ST: ['Europe/Stockholm', 'SEK'],
  SW: ['Europe/Zurich', 'CHF'],
  SZ: ['Asia/Shanghai', 'CNY'],
  T: ['Asia/Tokyo', 'JPY'],
  TO: ['America/Toronto', 'CAD'],
  TW: ['Asia/Taipei', 'TWD'],
  TWO: ['Asia/Taipei', 'TWD'],
  V: ['America/Toronto', 'CAD'],
  VI: ['Europe/Vienna', 'EUR'],
  WA: ['Europe/Warsaw', 'PLN']
}

/** How the vendor has a canonical symbol; undefined for what it cannot be asked (futures, unknown segments). */
export function listingOf(symbol: string): Listing | undefined {
  const listing = (wire: string, zone: string | undefined, currency?: string, mixedUnits = false): Listing => ({
    symbol,
    wire,
    zone,
    currency,
    mixedUnits,
    isPair: zone === undefined && !symbol.startsWith('^')
  })
  if (symbol.startsWith('^')) return listing(symbol, zoneOfIndex(symbol))
  const pair = CRYPTO_PAIR.exec(symbol) ?? CURRENCY_PAIR.exec(symbol)
  // The vendor does not say in which zone the bars of a pair are.
  if (pair) return listing(`${pair[1]}${pair[2]}`, undefined, pair[2])

  const [, segment, name] = /^(NSE|BSE):([A-Z0-9&-]+)$/.exec(symbol) ?? []
  if (segment) return listing(`${name}.${segment === 'NSE' ? 'NS' : 'BO'}`, 'Asia/Kolkata', 'INR')

  const shareClass = usClassShare(symbol)
  if (shareClass) return listing(`${shareClass.root}-${shareClass.shareClass}`, NEW_YORK, 'USD')
  if (LONG_NAME.test(symbol)) return listing(symbol, undefined)
  if (/^[A-Z0-9-]+$/.test(symbol)) return listing(symbol, NEW_YORK, 'USD')

  const [, suffix] = /^[A-Z0-9&-]+\.([A-Z]+)$/.exec(symbol) ?? []
  const exchange = suffix === undefined ? undefined : EXCHANGES[suffix]
  if (!exchange) return undefined
  const [zone, currency] = exchange
  return listing(symbol, zone, currency, currency === undefined)
}

/** The canonical symbol of a row. Only the exchange tells that BTCUSD and EURUSD are pairs. */
export function canonicalOf(wire: string, exchange?: string | null): string | undefined {
  const [, name, country] = /^(.+)\.(NS|BO)$/i.exec(wire) ?? []
  if (name) return parseSymbol(`${country?.toUpperCase() === 'NS' ? 'NSE' : 'BSE'}:${name}`)
  const pair = /^([A-Z0-9]{2,10}?)(USDT|USDC|USD|EUR|GBP|BTC|ETH)$/.exec(wire.toUpperCase())
  if (exchange === 'CRYPTO' && pair) return `${pair[1]}-${pair[2]}`
  if (exchange === 'FOREX' && /^[A-Z]{6}$/i.test(wire)) return `${wire.toUpperCase()}=X`
  return parseSymbol(wire)
}

function zoneOfIndex(symbol: string): string | undefined {
  const exchange = exchangeOf(symbol)
  return CALENDARS.find((each) => each.exchange === exchange)?.timeZone
}
