import type { Policy } from '../cache/policy.ts'
import type { Quote } from '../market/quote.ts'
import type { StockListing, StockPlace } from '../market/stock.ts'
import { DAY_MS } from '../market/time.ts'

const MIB = 1024 * 1024
const PAGE_FRESH_MS = 5000
const LISTING_FRESH_MS = 30_000

/** A page of stocks as it was read of Postgres, with the quotes that were written down by then. */
export type ListedPage = {
  /** ISO. */
  readonly readAt: string
  readonly listings: readonly StockListing[]
  readonly quotes: readonly Quote[]
  /** Where more follow. */
  readonly last?: StockPlace
  readonly isStale?: boolean
}

/** A stock as it is written down; nothing, where Postgres knows none of that symbol. */
export type FoundListing = { readonly readAt: string; readonly listing?: StockListing }

const readAtOf = ({ readAt }: { readonly readAt: string }): number => Date.parse(readAt)

/** What Postgres is asked for is read again soon, and kept for a day on which it cannot be. */
const KEPT = { revalidateMs: 0, staleMs: DAY_MS, receivedAt: readAtOf }

export const stockPages = (): Policy<ListedPage> => ({
  ...KEPT,
  name: 'stocks',
  prefix: 'stocks:',
  freshMs: () => PAGE_FRESH_MS,
  stale: (page) => ({ ...page, isStale: true }),
  maxEntries: 500,
  maxBytes: 32 * MIB
})

export const stockListing = (): Policy<FoundListing> => ({
  ...KEPT,
  name: 'stock',
  prefix: 'stock:',
  freshMs: () => LISTING_FRESH_MS,
  stale: (found) => found,
  maxEntries: 20_000,
  maxBytes: 32 * MIB
})
