import { quoteUpdate, type MarketEvent } from '../src/market/event.ts'

export const SYMBOLS = 2000
/** Keeps the stamp's digits as many as long as the machine runs: clients read so many. */
const STAMP_BASE = 1_000_000_000_000

export type Stream = 'trades' | 'quotes'

/** `SAAA` and so on: vendors spell shares with letters. */
const NAMES = Array.from({ length: SYMBOLS }, (_, index) => `S${lettersOf(index, 3)}`)

export const symbolAt = (index: number): string => NAMES[index]!

function lettersOf(index: number, length: number): string {
  const last = String.fromCharCode(65 + (index % 26))
  return length === 1 ? last : lettersOf(Math.floor(index / 26), length - 1) + last
}

/** This instant on the machine's monotonic clock, which all processes share, in microseconds. */
export const stampNow = (): number => STAMP_BASE + Number(process.hrtime.bigint() / 1000n)

/** An event that carries when it was published, as a trade's size or a quote's volume. */
export function tickOf(
  stream: Stream,
  symbol: string,
  stamp: number,
  asOf: string = new Date().toISOString()
): MarketEvent {
  const price = 231.45
  if (stream === 'trades') {
    const trade = {
      symbol,
      price,
      size: stamp,
      asOf,
      sequence: 1,
      tradeDate: asOf.slice(0, 10),
      source: 'sandbox',
      feed: 'sandbox' as const,
      receivedAt: asOf
    }
    return { type: 'trade', data: { symbol, trade, timestamp: asOf } }
  }
  const provenance = {
    source: 'sandbox',
    feed: 'sandbox' as const,
    receivedAt: asOf,
    state: 'live' as const,
    attempts: []
  }
  return quoteUpdate({ symbol, price, volume: stamp, currency: 'USD', asOf, provenance })
}

/** A flow of trades to be sent, and the file in which it is to be written down. */
export type TapeOrder = { readonly ticksPerSecond: number; readonly seconds: number; readonly tapeFile: string }
