import { MarketDataUnavailable, SymbolNotFound } from '../errors.ts'

/**
 * Of what few vendors have of a symbol, those that sell few calls are soon not to be asked. Where the others do not have it,
 * the symbol's quote, which every vendor sells, tells whether there is such a symbol: rejects with SymbolNotFound where
 * there is none, else with the error as it is.
 */
export async function unlessUnknown<T>(work: Promise<T>, quote: () => Promise<unknown>): Promise<T> {
  try {
    return await work
  } catch (error) {
    if (error instanceof MarketDataUnavailable && error.isUnconfirmed) {
      await quote().catch((told: unknown) => {
        if (told instanceof SymbolNotFound) throw told
      })
    }
    throw error
  }
}
