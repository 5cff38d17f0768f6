import type { Answer } from '../market/market-data.ts'
import type { Quote } from '../market/quote.ts'

/** Lists whose joined answers are kept, some 70 KB each for a hundred quotes; the oldest makes room. */
const MAX_KEPT_LISTS = 100

const OPEN = '{"quotes":['
const CLOSE = '],"errors":[]}'
const COMMA = 0x2c

export type JoinedQuotes = { readonly answers: readonly Answer<Quote>[]; readonly body: Buffer }

type KeptList = { readonly symbols: readonly string[]; readonly answers: Answer<Quote>[]; body: Buffer }

/**
 * Answers to batches, joined from the ready bytes of their quotes. A dashboard asks for the same list again and again:
 * its bytes are kept, and joined anew only when a quote in it changed.
 */
export class QuoteLists {
  readonly #freshQuote: (symbol: string) => Answer<Quote> | undefined
  readonly #maxSymbols: number
  readonly #kept = new Map<string, KeptList>()

  constructor(freshQuote: (symbol: string) => Answer<Quote> | undefined, maxSymbols: number) {
    this.#freshQuote = freshQuote
    this.#maxSymbols = maxSymbols
  }

  /** All quotes from memory; undefined where one is not there, or is written otherwise than we write it, or twice. */
  fresh(list: string): JoinedQuotes | undefined {
    const kept = this.#kept.get(list)
    return kept ? this.#renew(kept) : this.#join(list)
  }

  #join(list: string): JoinedQuotes | undefined {
    const symbols = list.split(',')
    if (symbols.length > this.#maxSymbols || new Set(symbols).size < symbols.length) return undefined
    const answers: Answer<Quote>[] = []
    for (const symbol of symbols) {
      const answer = this.#freshQuote(symbol)
      if (!answer) return undefined
      answers.push(answer)
    }
    const kept = { symbols, answers, body: joined(answers) }
    if (this.#kept.size >= MAX_KEPT_LISTS) this.#kept.delete(this.#kept.keys().next().value!)
    this.#kept.set(list, kept)
    return kept
  }

  #renew(kept: KeptList): JoinedQuotes | undefined {
    const { symbols, answers } = kept
    let hasChanged = false
    for (let index = 0; index < symbols.length; index++) {
      const answer = this.#freshQuote(symbols[index]!)
      if (!answer) return undefined
      hasChanged ||= answer !== answers[index]
      answers[index] = answer
    }
    if (hasChanged) kept.body = joined(answers)
    return kept
  }
}

/** The body of a batch without errors: bytes are copied, nothing is encoded again. */
export function joined(answers: readonly Answer<Quote>[], close = CLOSE): Buffer {
  const commas = Math.max(0, answers.length - 1)
  let length = OPEN.length + commas + Buffer.byteLength(close)
  for (const { body } of answers) length += body.length
  const bytes = Buffer.allocUnsafe(length)
  let offset = bytes.write(OPEN, 'latin1')
  for (const { body } of answers) {
    if (offset > OPEN.length) bytes[offset++] = COMMA
    offset += body.copy(bytes, offset)
  }
  bytes.write(close, offset)
  return bytes
}
