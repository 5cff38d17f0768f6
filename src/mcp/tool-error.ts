import type { ApiError } from '../errors.ts'
import type { Attempt } from '../market/provenance.ts'
import { TooOld } from './age-bound.ts'

/** What a tool says in place of an answer. */
export type ToolError = {
  readonly code: string
  readonly message: string
  /** What to do now. */
  readonly next: string
  readonly retryAfterSeconds?: number
  /** Which argument is wrong and what is right, which vendors were asked, how old the refused value is. */
  readonly details?: unknown
  /** Under which the log has what failed. */
  readonly requestId: string
}

/** What helps after an error of a code; `Ask again` needs no word of its own. */
const NEXT: Record<string, string> = {
  INVALID_REQUEST: 'Correct the argument that is named and call again.',
  SYMBOL_NOT_FOUND: 'Look the symbol up with search_symbols; do not guess a price.',
  NOT_COVERED:
    'No vendor that can be asked has it, and asking again soon does not help: ask for another stretch or interval. ' +
    'Where details.attempts say not_asked, another vendor may have it once its calls are back.',
  NOTHING_STORED: 'Nothing of it is stored here; get_quote and get_history ask vendors instead.',
  INTERNAL_ERROR: 'Tell the operator the requestId; calling again may fail the same way.'
}

export function toolErrorOf(error: ApiError, requestId: string): ToolError {
  const { code, message, details, retryAfterSeconds } = error
  const wait = retryAfterSeconds === undefined ? undefined : Math.ceil(retryAfterSeconds)
  const again =
    wait === undefined ? 'Call again later.' : `Call again in ${wait} s; until then nothing better is known.`
  return {
    code,
    message,
    next: error instanceof TooOld ? error.next : (NEXT[code] ?? again),
    ...(wait !== undefined && { retryAfterSeconds: wait }),
    ...(details !== undefined && { details }),
    requestId
  }
}

/** The error in sentences: what is wrong, who was asked, what helps. */
export function sentencesOf({ code, message, next, details }: ToolError): string {
  const attempts = (details as { attempts?: readonly Attempt[] } | undefined)?.attempts ?? []
  const asked = attempts.map(({ provider, outcome }) => `${provider} (${outcome})`).join(', ')
  const end = /[.?]$/.test(message) ? '' : '.'
  return `${code}: ${message}${end}${asked ? ` Vendors asked: ${asked}.` : ''} ${next}`
}
