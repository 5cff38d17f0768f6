import { keyOf } from '../../noise.ts'
import type { Instrument } from '../../universe/instrument.ts'

/** Of indices the vendor's own names. */
const INDICES: Readonly<Record<string, string>> = {
  '^NSEI': 'NSE_INDEX|Nifty 50',
  '^BSESN': 'BSE_INDEX|SENSEX'
}

/** What the simulated Upstox calls an instrument; undefined for what is not listed in India. */
export function upstoxKeyOf({ symbol }: Pick<Instrument, 'symbol'>): string | undefined {
  if (symbol.startsWith('NSE:')) return `NSE_EQ|${isinOf(symbol)}`
  return INDICES[symbol]
}

/** Made up: an issuer that no company has. */
export function isinOf(symbol: string): string {
  const number = keyOf(0, symbol) >>> 0
  const issuer = number.toString(36).toUpperCase().padStart(7, '0').slice(-6)
  return `INE${issuer}01${number % 10}`
}
