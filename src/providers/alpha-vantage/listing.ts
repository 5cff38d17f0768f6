import { parseSymbol, usClassShare } from '../../market/symbol.ts'

/** Where an instrument trades, as far as the vendor's spelling tells. */
export type Listing = {
  /** As Alpha Vantage spells the symbol. */
  readonly wire: string
  readonly exchange: string | undefined
  readonly country: string
  readonly zone: string
  /** Regular close of the exchange, hours and minutes of its wall clock. */
  readonly closes: readonly [hour: number, minute: number]
  /** ISO 4217, or undefined where listings of one exchange trade in several units (London: GBX, GBP, USD, EUR). */
  readonly currency: string | undefined
}

type Exchange = Omit<Listing, 'wire'> & {
  /** After the dot of the vendor's symbol. */
  readonly vendorSuffix: string
  /** After the dot of the canonical symbol. */
  readonly suffix: string
}

/** Bombay has two canonical spellings: `BSE:RELIANCE`, and `RELIANCE.BO` as most vendors write it. */
const BOMBAY = /^BSE:([A-Z0-9-]+)$/

const US: Omit<Listing, 'wire'> = {
  exchange: undefined,
  country: 'United States',
  zone: 'America/New_York',
  closes: [16, 0],
  currency: 'USD'
}

/**
 * Exchanges whose spelling is known: the vendor's documentation has samples of LON, TRT, TRV, DEX, BSE, SHH and SHZ, its
 * symbol search returns FRK, SAO, HKG, AMS and PAR. India's National Stock Exchange is not sold: only Bombay (BSE) is.
 * What is not in the table is not covered.
 */
const EXCHANGES: readonly Exchange[] = [
  exchange('LON', 'L', 'London', 'United Kingdom', 'Europe/London', [16, 30], undefined),
  exchange('TRT', 'TO', 'Toronto', 'Canada', 'America/Toronto', [16, 0], 'CAD'),
  exchange('TRV', 'V', 'Toronto Ventures', 'Canada', 'America/Toronto', [16, 0], 'CAD'),
  exchange('DEX', 'DE', 'XETRA', 'Germany', 'Europe/Berlin', [17, 30], 'EUR'),
  exchange('FRK', 'F', 'Frankfurt', 'Germany', 'Europe/Berlin', [20, 0], 'EUR'),
  exchange('PAR', 'PA', 'Paris', 'France', 'Europe/Paris', [17, 30], 'EUR'),
  exchange('AMS', 'AS', 'Amsterdam', 'Netherlands', 'Europe/Amsterdam', [17, 30], 'EUR'),
  exchange('SAO', 'SA', 'Sao Paulo', 'Brazil', 'America/Sao_Paulo', [17, 0], 'BRL'),
  exchange('HKG', 'HK', 'Hong Kong', 'Hong Kong', 'Asia/Hong_Kong', [16, 0], 'HKD'),
  exchange('SHH', 'SS', 'Shanghai', 'China', 'Asia/Shanghai', [15, 0], 'CNY'),
  exchange('SHZ', 'SZ', 'Shenzhen', 'China', 'Asia/Shanghai', [15, 0], 'CNY'),
  exchange('BSE', 'BO', 'BSE', 'India', 'Asia/Kolkata', [15, 30], 'INR')
]

/** Where the vendor has a canonical symbol; undefined for what it cannot be asked (indices, pairs, other exchanges). */
export function listingOf(symbol: string): Listing | undefined {
  const shareClass = usClassShare(symbol)
  if (shareClass) return { ...US, wire: `${shareClass.root}-${shareClass.shareClass}` }
  if (/^[A-Z0-9]+$/.test(symbol)) return { ...US, wire: symbol }
  const [, root, suffix] = /^([A-Z0-9-]+)\.([A-Z]+)$/.exec(symbol.replace(BOMBAY, '$1.BO')) ?? []
  const found = EXCHANGES.find((each) => each.suffix === suffix)
  return found && { ...found, wire: `${root}.${found.vendorSuffix}` }
}

/** The canonical symbol of a listing of the vendor, or undefined for one of an exchange that is not known. */
export function canonicalOf(wire: string): string | undefined {
  const upper = wire.trim().toUpperCase()
  const [, root, vendorSuffix] = /^([A-Z0-9-]+)\.([A-Z]{3})$/.exec(upper) ?? []
  const found = EXCHANGES.find((each) => each.vendorSuffix === vendorSuffix)
  if (found?.vendorSuffix === 'BSE') return `BSE:${root}`
  const symbol = parseSymbol(found ? `${root}.${found.suffix}` : upper)
  return symbol !== undefined && listingOf(symbol)?.wire === upper.replace(/^([A-Z]+)\.([A-Z])$/, '$1-$2')
    ? symbol
    : undefined
}

/** Whether the vendor's answer is about the listing it was asked for: it spells `BRK.B` and `BRK-B` alike. */
export function isAbout(listing: Listing, wire: unknown): boolean {
  const symbol = typeof wire === 'string' ? canonicalOf(wire) : undefined
  return symbol !== undefined && listingOf(symbol)?.wire === listing.wire
}

function exchange(
  vendorSuffix: string,
  suffix: string,
  name: string,
  country: string,
  zone: string,
  closes: readonly [number, number],
  currency: string | undefined
): Exchange {
  return { vendorSuffix, suffix, exchange: name, country, zone, closes, currency }
}
