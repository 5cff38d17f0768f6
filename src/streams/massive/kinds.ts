import type { Static, TObject } from 'typebox'
import { Compile } from 'typebox/compile'
import type { MarketEvent } from '../../market/event.ts'
import type { Wire } from '../fields.ts'
import { readBar, WireBar, WireCoinBar } from './bars.ts'
import { readBand, readCoinQuote, readQuote, WireBand, WireCoinQuote, WireQuote } from './quotes.ts'
import type { MassiveMarket } from './symbols.ts'
import type { Context } from './tick.ts'
import { readCoinTrade, readTrade, WireCoinTrade, WireTrade } from './trades.ts'

/** A kind of message of a market. */
export type Kind = {
  /** Where the ticker stands: price bands have it in `T`, as if the kind of message were a trade. */
  readonly tickerField: string
  /** Which field is wrong and what with it; undefined for a message as the vendor documents it. */
  problemOf(message: Wire): string | undefined
  knows(field: string): boolean
  /** Only for messages without a problem. Absent where nothing of ours is made of them. */
  readonly read?: (message: Wire, symbol: string, context: Context) => MarketEvent
}

function kind<Shape extends TObject>(
  tickerField: string,
  shape: Shape,
  read?: (message: Static<Shape>, symbol: string, context: Context) => MarketEvent
): Kind {
  const checked = Compile(shape)
  const fields = new Set(['ev', ...Object.keys(shape.properties)])
  return {
    tickerField,
    knows: (field) => fields.has(field),
    problemOf(message) {
      if (checked.Check(message)) return undefined
      const [error] = checked.Errors(message)
      return error && `${error.instancePath.slice(1) || 'a field'} ${error.message}`
    },
    // Checked by `problemOf` before.
    ...(read && { read: read as Kind['read'] })
  }
}

/** Whatever they hold is left. */
const UNUSED: Kind = { tickerField: '', problemOf: () => undefined, knows: () => true }

/**
 * Of bars of a second (`A`, `XAS`) nothing is made: the shortest bar here is a minute, and what a second had is in its
 * trades. `FMV` and `LV` are the vendor's own estimates of values, `NOI` imbalances before auctions, `XL2` order books.
 */
const OF_SHARES: [string, Kind][] = [
  ['T', kind('sym', WireTrade, readTrade)],
  ['Q', kind('sym', WireQuote, readQuote)],
  ['AM', kind('sym', WireBar, readBar)],
  ['A', kind('sym', WireBar)],
  ['FMV', UNUSED],
  ['LV', UNUSED]
]

export const KINDS: Readonly<Record<MassiveMarket, ReadonlyMap<string, Kind>>> = {
  stocks: new Map([...OF_SHARES, ['LULD', kind('T', WireBand, readBand)], ['NOI', UNUSED]]),
  options: new Map(OF_SHARES),
  crypto: new Map([
    ['XT', kind('pair', WireCoinTrade, readCoinTrade)],
    ['XQ', kind('pair', WireCoinQuote, readCoinQuote)],
    ['XA', kind('pair', WireCoinBar, readBar)],
    ['XAS', kind('pair', WireCoinBar)],
    ['XL2', UNUSED],
    ['FMV', UNUSED],
    ['LV', UNUSED]
  ])
}
