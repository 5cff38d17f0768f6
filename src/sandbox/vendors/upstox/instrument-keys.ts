import { keyOf } from '../../noise.ts'
import { companyOf } from '../../universe/universe.ts'
import type { Instrument } from '../../universe/instrument.ts'

/** Of indices the vendor's own names. */
const INDICES: Readonly<Record<string, string>> = {
  '^NSEI': 'NSE_INDEX|Nifty 50',
  '^NSEBANK': 'NSE_INDEX|Nifty Bank',
  '^NIFTY_FIN_SERVICE': 'NSE_INDEX|Nifty Fin Service',
  '^NIFTY_MID_SELECT': 'NSE_INDEX|NIFTY MID SELECT',
  '^BSESN': 'BSE_INDEX|SENSEX'
}

/** What the simulated Upstox calls an instrument; undefined for what is not listed in India. */
export function upstoxKeyOf({ symbol }: Pick<Instrument, 'symbol'>): string | undefined {
  if (/^(NSE|BSE):/.test(symbol)) return `${symbol.slice(0, 3)}_EQ|${isinOf(symbol)}`
  return INDICES[symbol]
}

/** Made up: an issuer that no company has. Of a share it is the same wherever that is listed. */
export function isinOf(symbol: string): string {
  const number = keyOf(0, companyOf(symbol)) >>> 0
  const issuer = number.toString(36).toUpperCase().padStart(7, '0').slice(-6)
  return `INE${issuer}01${number % 10}`
}
