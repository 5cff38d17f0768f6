import type { IncomingHttpHeaders } from 'node:http'
import type { Exchange } from '../exchange.ts'

export const VENDOR_NAMES = [
  'yahoo',
  'fmp',
  'alpha-vantage',
  'tiingo',
  'alpaca',
  'massive',
  'upstox',
  'upstox-assets'
] as const
export type VendorName = (typeof VENDOR_NAMES)[number]

/** A request as the vendor would see it: the path without the stand-in's prefix. */
export type VendorRequest = {
  readonly path: string
  readonly query: URLSearchParams
  readonly headers: IncomingHttpHeaders
  /** Empty where none was sent. */
  readonly body: string
  /** Epoch milliseconds. */
  readonly at: number
}

export type VendorAnswer = {
  readonly status: number
  readonly contentType: string
  readonly body: string | Uint8Array
  readonly headers?: Readonly<Record<string, string | readonly string[]>>
}

/** The exchange as one request sees it: a scenario may hide a symbol, shift prices or spoil a row. */
export type MarketView = Exchange & {
  /** Whether the row of a (canonical) symbol must be unusable. */
  spoiled(symbol: string): boolean
}

/** Ways in which a vendor refuses, each in the vendor's own words; where there are no crumbs, the key is refused. */
export type Refusal = 'rate_limited' | 'server_error' | 'plan_refused' | 'bad_crumb'

export interface Vendor {
  answer(request: VendorRequest, market: MarketView): VendorAnswer
  readonly refusals: Readonly<Record<Refusal, (request: VendorRequest) => VendorAnswer>>
  /** What the request log counts a request under. */
  endpoint(request: VendorRequest): string
}

const JSON_TYPE = 'application/json; charset=utf-8'

export function json(body: unknown, status = 200): VendorAnswer {
  return { status, contentType: JSON_TYPE, body: JSON.stringify(body) }
}

export function plainText(body: string, status: number): VendorAnswer {
  return { status, contentType: 'text/plain; charset=utf-8', body }
}

export function htmlPage(title: string, status: number): VendorAnswer {
  const body = `<!DOCTYPE html><html><head><title>${title}</title></head><body><h1>${title}</h1></body></html>`
  return { status, contentType: 'text/html; charset=utf-8', body }
}

/** The instruments by the symbol that a vendor gives them; undefined leaves one out that the vendor does not carry. */
export function createDirectory(exchange: Exchange, spell: (symbol: string) => string | undefined) {
  const canonical = new Map<string, string>()
  for (const { symbol } of exchange.instruments) {
    const spelled = spell(symbol)
    if (spelled !== undefined) canonical.set(spelled.toUpperCase(), symbol)
  }
  return {
    find(market: MarketView, vendorSymbol: string | null | undefined) {
      const symbol = canonical.get((vendorSymbol ?? '').trim().toUpperCase())
      return symbol === undefined ? undefined : market.find(symbol)
    }
  }
}
export type Directory = ReturnType<typeof createDirectory>

/** A whole number of a query parameter within bounds; the fallback where it is absent or none. */
export function countOf(text: string | null, fallback: number, most: number): number {
  const count = Number(text)
  return text !== null && Number.isInteger(count) && count >= 0 ? Math.min(count, most) : fallback
}

/** A date (YYYY-MM-DD, whatever follows) of a query parameter; undefined where it is absent or no date. */
export function dateParameter(text: string | null): string | undefined {
  const date = /^\d{4}-\d{2}-\d{2}/.exec(text ?? '')?.[0]
  return date === undefined || Number.isNaN(Date.parse(`${date}T00:00:00Z`)) ? undefined : date
}

export function round(value: number, decimals: number): number {
  return Number(value.toFixed(decimals))
}

/** 4 is 4:1; 0.125 is 1:8. */
export function fractionOf(ratio: number): { numerator: number; denominator: number } {
  return ratio >= 1 ? { numerator: ratio, denominator: 1 } : { numerator: 1, denominator: Math.round(1 / ratio) }
}
