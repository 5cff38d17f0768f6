import { hash } from 'node:crypto'
import type { Answer, MarketData } from '../market/market-data.ts'
import type { Quote } from '../market/quote.ts'
import { MAX_BATCH } from './symbol-list.ts'

/** Lists whose joined answers are kept, some 70 KB each for a hundred quotes; the oldest makes room. */
const MAX_KEPT_LISTS = 100

const OPEN = '{"quotes":['
const CLOSE = '],"errors":[]}'
const COMMA = 0x2c

/** A batch as it is sent: as old as its oldest quote, and fresh until the first of them ends. */
export type Batch = {
  readonly body: Buffer
  /** Of the entity tags of its quotes, and what else it says. */
  readonly etag: string
  readonly receivedAt: number
  readonly freshUntil: number
  /** How many quotes it holds. */
  readonly count: number
}

/** `served` counts answers since the quotes were last looked up; the market hears of them at the next look-up. */
type KeptList = { readonly symbols: readonly string[]; isCurrent: boolean; batch: Batch; served: number }

/**
 * Answers to batches, joined from the ready bytes of their quotes. A dashboard asks for the same list again and again:
 * its bytes stand until this process's memory takes in another quote of the list, or one of the list ends.
 */
export class QuoteLists {
  readonly #marketData: Pick<MarketData, 'freshQuote' | 'countServed'>
  readonly #kept = new Map<string, KeptList>()
  /** Which of the kept lists name a symbol. */
  readonly #naming = new Map<string, Set<KeptList>>()

  constructor(marketData: Pick<MarketData, 'freshQuote' | 'onQuoteChange' | 'countServed'>) {
    this.#marketData = marketData
    marketData.onQuoteChange((symbol) => {
      const naming = this.#naming.get(symbol)
      if (naming) for (const kept of naming) kept.isCurrent = false
    })
  }

  /** All quotes from memory; undefined where one is not there, or is written otherwise than we write it, or twice. */
  fresh(list: string, now: number): Batch | undefined {
    const kept = this.#kept.get(list)
    if (!kept) return this.#joinNew(list)
    if (kept.isCurrent && kept.batch.freshUntil > now) {
      kept.served++
      return kept.batch
    }
    this.#settle(kept)
    // Before the look-ups: for what they make room for, a quote of the list may go.
    kept.isCurrent = true
    const batch = this.#join(kept.symbols)
    if (batch) kept.batch = batch
    else kept.isCurrent = false
    return batch
  }

  /** It is joined again when it is asked for again, and kept then: a quote may have changed before the list was watched. */
  #joinNew(list: string): Batch | undefined {
    const symbols = list.split(',')
    if (symbols.length > MAX_BATCH || new Set(symbols).size < symbols.length) return undefined
    const batch = this.#join(symbols)
    if (batch) this.#keep(list, { symbols, isCurrent: false, batch, served: 0 })
    return batch
  }

  #join(symbols: readonly string[]): Batch | undefined {
    const answers: Answer<Quote>[] = []
    for (const symbol of symbols) {
      const answer = this.#marketData.freshQuote(symbol)
      if (!answer) return undefined
      answers.push(answer)
    }
    return joined(answers)
  }

  #keep(list: string, added: KeptList): void {
    if (this.#kept.size >= MAX_KEPT_LISTS) this.#drop(...this.#kept.entries().next().value!)
    this.#kept.set(list, added)
    for (const symbol of added.symbols) {
      const naming = this.#naming.get(symbol)
      if (naming) naming.add(added)
      else this.#naming.set(symbol, new Set([added]))
    }
  }

  #drop(oldest: string, kept: KeptList): void {
    this.#settle(kept)
    this.#kept.delete(oldest)
    for (const symbol of kept.symbols) {
      const naming = this.#naming.get(symbol)!
      naming.delete(kept)
      if (naming.size === 0) this.#naming.delete(symbol)
    }
  }

  #settle(kept: KeptList): void {
    if (kept.served > 0) this.#marketData.countServed(kept.symbols, kept.served)
    kept.served = 0
  }
}

/** Joins the bodies of quotes into that of a batch: bytes are copied, nothing is encoded again. */
export function joined(answers: readonly Answer<unknown>[], close = CLOSE): Batch {
  const commas = Math.max(0, answers.length - 1)
  let length = OPEN.length + commas + Buffer.byteLength(close)
  let receivedAt = Infinity
  let freshUntil = Infinity
  for (const answer of answers) {
    length += answer.body.length
    receivedAt = Math.min(receivedAt, answer.receivedAt)
    freshUntil = Math.min(freshUntil, answer.freshUntil)
  }
  const body = Buffer.allocUnsafe(length)
  let offset = body.write(OPEN, 'latin1')
  for (const answer of answers) {
    if (offset > OPEN.length) body[offset++] = COMMA
    offset += answer.body.copy(body, offset)
  }
  body.write(close, offset)
  const tags = answers.map(({ etag }) => etag).join('')
  return { body, etag: `"${hash('sha1', tags + close, 'base64url')}"`, receivedAt, freshUntil, count: answers.length }
}
