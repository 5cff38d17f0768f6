import type { HttpAnswer } from '../../providers/http.ts'
import { isoOf } from '../../market/time.ts'
import { decodedJson } from '../codec.ts'
import type { Problem, ProblemKind } from '../feed.ts'
import { isWire } from '../fields.ts'

type Meaning = { readonly kind: ProblemKind; readonly reason: string }

const NEEDS_LOGIN = 'the vendor refuses the token: a new one is needed, for access tokens end at 03:30 in India'

/** The vendor's own codes, of answers to the request for an address. */
const BY_CODE: Readonly<Record<string, Meaning>> = {
  UDAPI100050: { kind: 'fatal', reason: NEEDS_LOGIN },
  UDAPI100067: { kind: 'fatal', reason: NEEDS_LOGIN },
  UDAPI100072: { kind: 'transient', reason: 'the vendor serves nothing outside of its hours' },
  UDAPI10005: { kind: 'transient', reason: 'the vendor has had too many requests' }
}

export const NO_TOKEN: Problem = { kind: 'fatal', reason: 'there is no token' }

export const tokenEnded = (until: number): Problem => ({
  kind: 'fatal',
  reason: `the token ended at ${isoOf(until)}: a new one is needed`
})

export const OTHER_USER: Problem = {
  kind: 'fatal',
  reason: 'the token is of another user than the one that this process began with: start it again to change users'
}

export const NOT_UNDERSTOOD: Problem = {
  kind: 'transient',
  reason: 'the vendor did not tell an address to connect to'
}

/** Why the vendor gave no address. */
export function problemOfAnswer({ status, text }: Pick<HttpAnswer, 'status' | 'text'>): Problem {
  const code = codeIn(text)
  const known = code === undefined ? undefined : BY_CODE[code]
  if (known) return { ...known, ...(code !== undefined && { code }) }
  if (status === 401) return { kind: 'fatal', reason: NEEDS_LOGIN, code: status }
  if (status === 403) return { kind: 'fatal', reason: 'the vendor does not let this user have the feed', code: status }
  return {
    kind: 'transient',
    reason: `the vendor answered the request for an address with status ${status}`,
    code: status
  }
}

function codeIn(text: string): string | undefined {
  const body = decodedJson(text)
  const errors = isWire(body) && Array.isArray(body.errors) ? (body.errors as unknown[]) : []
  const [first] = errors
  const code = isWire(first) ? (first.errorCode ?? first.error_code) : undefined
  return typeof code === 'string' ? code.slice(0, 20) : undefined
}

/** Silence is all that the vendor says of instruments that it does not know, and of those that are one too many. */
export const NOT_ANSWERED: { readonly reason: string; readonly problem: Problem } = {
  reason: 'not_answered',
  problem: {
    kind: 'entitlement',
    reason: 'the vendor tells nothing of it, as of what it does not know and of what is over its caps'
  }
}

/** Said of bids and offers where the vendor tells an instrument in a mode that has none. */
export const NOT_IN_MODE: { readonly reason: string; readonly problem: Problem } = {
  reason: 'not_in_the_plan',
  problem: { kind: 'entitlement', reason: 'the vendor tells it without bids and offers' }
}

/** Why a connection ended, by its close code; or was refused, by the status of the answer to the handshake. */
export function problemOfEnding(code: number, reason: string): Problem {
  if (code === 401) return { kind: 'fatal', reason: NEEDS_LOGIN, code }
  // Each address is taken once, and was new: it is the number of connections.
  if (code === 403) return { kind: 'capacity', reason: 'the user has as many connections as the plan allows', code }
  if (code === 429) return { kind: 'capacity', reason: 'the vendor has had too many attempts to connect', code }
  if (code < 600) return { kind: 'transient', reason: `the vendor answered the handshake with status ${code}`, code }
  if (code === 1006) return { kind: 'transient', reason: 'the connection broke off', code }
  const why = reason === '' ? '' : `: ${reason.slice(0, 100)}`
  return { kind: 'transient', reason: `the vendor closed the connection (${code}${why})`, code }
}
