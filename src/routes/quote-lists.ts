import { hash } from 'node:crypto'
import type { Answer, MarketData } from '../market/market-data.ts'
import type { Quote } from '../market/quote.ts'

/** How many symbols a batch may name. */
export const MAX_BATCH = 100
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
type KeptList = { readonly symbols: readonly string[]; version: number; batch: Batch; served: number }

/**
 * Answers to batches, joined from the ready bytes of their quotes. A dashboard asks for the same list again and again:
 * its bytes stand until this process's memory takes in another quote, or one of the list ends.
 */
export class QuoteLists {
  readonly #marketData: Pick<MarketData, 'freshQuote' | 'quotesVersion' | 'countServed'>
  readonly #kept = new Map<string, KeptList>()

  constructor(marketData: Pick<MarketData, 'freshQuote' | 'quotesVersion' | 'countServed'>) {
    this.#marketData = marketData
  }

  /** All quotes from memory; undefined where one is not there, or is written otherwise than we write it, or twice. */
  fresh(list: string, now: number): Batch | undefined {
    const kept = this.#kept.get(list)
    if (kept && kept.batch.freshUntil > now && kept.version === this.#marketData.quotesVersion()) {
      kept.served++
      return kept.batch
    }
    return this.#join(list, kept)
  }

  #join(list: string, kept: KeptList | undefined): Batch | undefined {
    if (kept) this.#settle(kept)
    const symbols = kept?.symbols ?? list.split(',')
    if (symbols.length > MAX_BATCH || new Set(symbols).size < symbols.length) return undefined
    const version = this.#marketData.quotesVersion()
    const answers: Answer<Quote>[] = []
    for (const symbol of symbols) {
      const answer = this.#marketData.freshQuote(symbol)
      if (!answer) return undefined
      answers.push(answer)
    }
    const batch = joined(answers)
    if (kept) Object.assign(kept, { version, batch })
    else this.#keep(list, { symbols, version, batch, served: 0 })
    return batch
  }

  #keep(list: string, added: KeptList): void {
    if (this.#kept.size >= MAX_KEPT_LISTS) {
      const [oldest, kept] = this.#kept.entries().next().value!
      this.#settle(kept)
      this.#kept.delete(oldest)
    }
    this.#kept.set(list, added)
  }

  #settle(kept: KeptList): void {
    if (kept.served > 0) this.#marketData.countServed(kept.symbols, kept.served)
    kept.served = 0
  }
}

/** Joins the bodies of quotes into that of a batch: bytes are copied, nothing is encoded again. */
export function joined(answers: readonly Answer<Quote>[], close = CLOSE): Batch {
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
