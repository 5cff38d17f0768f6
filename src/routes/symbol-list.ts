import { Type } from 'typebox'
import { ApiError, InvalidField } from '../errors.ts'
import type { BatchError } from '../market/batch-error.ts'
import type { Answer } from '../market/market-data.ts'
import { parseSymbol, type RequestedSymbols } from '../market/symbol.ts'

/** How many symbols a request may name. */
export const MAX_BATCH = 100
/** A batch's worth of the longest symbols there are, with room for spaces. */
const MAX_LIST_LENGTH = 8000
const MAX_ECHO_LENGTH = 64

/** For routes that answer for many symbols, each of which succeeds or fails by itself. */
export const SYMBOLS_QUERY = {
  symbols: Type.String({
    minLength: 1,
    maxLength: MAX_LIST_LENGTH,
    description: `1 to ${MAX_BATCH} different ones, separated by commas, each in any usual spelling`,
    examples: ['AAPL,MSFT,BRK.B']
  })
}

export type SymbolList = {
  /** Canonical, in the order asked for. */
  readonly symbols: readonly string[]
  readonly errors: readonly BatchError[]
  /** Absent where all are spelled canonically. */
  readonly requested?: RequestedSymbols
}

/** Canonical symbols without repetition; what cannot be a symbol becomes an error of its own. Throws INVALID_REQUEST. */
export function readSymbols(list: string): SymbolList {
  const symbols = new Set<string>()
  const misspelt = new Set<string>()
  const requested = new Map<string, string>()
  for (const text of list.split(',').map((part) => part.trim())) {
    const symbol = parseSymbol(text)
    if (symbol) {
      symbols.add(symbol)
      if (symbol !== text) requested.set(text, symbol)
    } else if (text !== '') misspelt.add(text.slice(0, MAX_ECHO_LENGTH))
  }
  const count = symbols.size + misspelt.size
  if (count < 1 || count > MAX_BATCH) throw wrongList()
  const errors = [...misspelt].map((symbol) => ({ symbol, code: 'INVALID_REQUEST', message: 'Not a symbol' }))
  return { symbols: [...symbols], errors, ...(requested.size > 0 && { requested: Object.fromEntries(requested) }) }
}

function wrongList(): InvalidField {
  const allowed = { minimum: 1, maximum: MAX_BATCH }
  return new InvalidField('symbols', `must name 1 to ${MAX_BATCH} different symbols, separated by commas`, allowed)
}

/** What is no error of the API's own is a bug: it fails the whole request, and is logged. */
export function batchErrorOf(symbol: string, error: unknown): BatchError {
  if (!(error instanceof ApiError)) throw error
  const { code, message, details } = error
  return { symbol, code, message, ...(details !== undefined && { details }) }
}

/** A symbol's answer, or why there is none. */
export type Outcome<T> = Answer<T> | BatchError
export const isError = (outcome: Outcome<unknown>): outcome is BatchError => 'code' in outcome

/** Never rejects for what a vendor or the market says of a symbol. */
export const outcomeOf = <T>(symbol: string, asked: Promise<Answer<T>>): Promise<Outcome<T>> =>
  asked.catch((error: unknown) => batchErrorOf(symbol, error))
