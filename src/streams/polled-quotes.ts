import type { Quote } from '../market/quote.ts'

/** Quotes that the vendor of a stream tells over REST, for what the stream has no place for. */
export type PolledQuotes = {
  /** Of one request. */
  readonly maxSymbols: number
  /**
   * The vendor's newest of each; what it does not know, and what cannot be read, is missing. Rejects with ProviderError, or with
   * the signal's reason.
   */
  ask(symbols: readonly string[], signal: AbortSignal): Promise<Quote[]>
  close(): Promise<void>
}
