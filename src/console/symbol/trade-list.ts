import type { Callbacks, Frames, Subscription, TickPage, Trade } from '../../client/client.ts'
import { isoOf } from '../../market/time.ts'
import { replacedTradeKey, tradeKey } from '../../market/trade-key.ts'
import { api } from '../api.ts'
import { beforeNextPaint } from '../frame.ts'
import { follow } from '../live.ts'
import { serverClock } from '../server-clock.ts'

/** The oldest makes room. */
export const MAX_TRADES = 200
/** What was traded shortly before somebody looks is asked for, so that the list does not begin empty. */
const STORED_MS = 60_000

type Event = Parameters<Callbacks['onEvent']>[0]
type Correction = Frames['trade_correction']['data']['correction']
type Cancel = Frames['trade_cancel']['data']['cancel']

/** A trade as it stands now. */
export type ListedTrade = Pick<Trade, 'asOf' | 'sequence' | 'price' | 'size' | 'venue' | 'conditions' | 'session'> & {
  readonly key: string
  readonly source: string
  readonly feed: string
  /** What the tape told of it later. */
  readonly fate?: 'corrected' | 'cancelled'
  /** What it was told as, where it was corrected. */
  readonly former?: { readonly price: number; readonly size: number }
}

/** The newest trades of a symbol, newest first, with what was corrected and taken back. */
export class TradeList {
  trades: readonly ListedTrade[] = []
  /** Who carries them: `stream`, or why nobody does. */
  servedBy: string | undefined
  readonly #held = new Map<string, ListedTrade>()
  readonly #symbol: string
  readonly #onChange: () => void
  #isStoredAsked = false
  readonly #ending = new AbortController()
  readonly #subscription: Subscription

  constructor(symbol: string, onChange: () => void) {
    this.#onChange = onChange
    this.#symbol = symbol
    this.#subscription = follow({ symbols: [symbol], stream: 'trades' }, this.#take)
  }

  close(): void {
    this.#subscription.close()
    this.#ending.abort()
  }

  async #loadStored(): Promise<void> {
    const start = isoOf(serverClock.now() - STORED_MS)
    const query = { start, show: 'standing' as const, limit: MAX_TRADES }
    const options = { path: { symbol: this.#symbol }, query, signal: this.#ending.signal }
    // Of a symbol that was never followed before nothing is stored.
    const page: TickPage | undefined = await api()
      .get('/api/v1/marketdata/ticks/{symbol}', options)
      .catch(() => undefined)
    if (this.#ending.signal.aborted) return
    for (const tick of page?.ticks ?? []) {
      const { price, size } = tick
      if (price !== undefined && size !== undefined) this.#add({ ...tick, price, size })
    }
  }

  readonly #take = (event: Event): void => {
    switch (event.type) {
      case 'trade':
        return this.#add(event.data.trade)
      case 'snapshot':
        return event.data.trades?.forEach((trade) => this.#add(trade))
      case 'trade_correction':
        return this.#correct(event.data.correction)
      case 'trade_cancel':
        return this.#cancel(event.data.cancel)
      case 'subscribed':
        return this.#served(event.data.accepted[0])
      case 'served_by':
        return this.#served(event.data.symbols[0])
    }
  }

  #add(trade: Omit<Trade, 'symbol'>): void {
    const key = keyOf(trade)
    if (this.#held.has(key)) return
    this.#held.set(key, { ...trade, key })
    this.#changed()
  }

  #correct(correction: Correction): void {
    const held = this.#removed(replacedKeyOf(correction))
    const { price, size } = { ...correction.replaces, ...held }
    const hasFormer = price !== undefined && size !== undefined
    const key = keyOf(correction)
    this.#held.set(key, {
      ...correction,
      // It stays in its place in time.
      ...(held && { asOf: held.asOf, sequence: held.sequence }),
      key,
      fate: 'corrected',
      ...(hasFormer && { former: { price, size } })
    })
    this.#changed()
  }

  #cancel(cancel: Cancel): void {
    const key = replacedKeyOf(cancel)
    const held = this.#held.get(key)
    if (!held) return
    this.#held.set(key, { ...held, fate: 'cancelled' })
    this.#changed()
  }

  /** A correction may be corrected in its turn, by its own name. */
  #removed(key: string): ListedTrade | undefined {
    const held = this.#held.get(key)
    this.#held.delete(key)
    return held
  }

  #served(served: { servedBy: string; reason?: string } | undefined): void {
    this.servedBy = served?.servedBy
    if (this.servedBy === 'stream' && !this.#isStoredAsked) {
      this.#isStoredAsked = true
      void this.#loadStored()
    }
    this.#changed()
  }

  #changed(): void {
    beforeNextPaint(this.#order)
    // Nothing is painted of a page that is hidden.
    if (this.#held.size > 2 * MAX_TRADES) this.#order()
  }

  readonly #order = (): void => {
    const ordered = [...this.#held.values()].sort(
      (a, b) => Date.parse(b.asOf) - Date.parse(a.asOf) || b.sequence - a.sequence
    )
    for (const { key } of ordered.splice(MAX_TRADES)) this.#held.delete(key)
    this.trades = ordered
    this.#onChange()
  }
}

// All of them are of one symbol.
const keyOf = (trade: Parameters<typeof tradeKey>[1]): string => tradeKey('', trade)
const replacedKeyOf = (by: Correction | Cancel): string => replacedTradeKey('', by)
