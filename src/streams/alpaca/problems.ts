import type { Problem, ProblemKind } from '../feed.ts'

type Meaning = { readonly kind: ProblemKind; readonly reason: string }

/** Errors that concern the whole connection; those of a request of ours are told by `REQUEST_REFUSALS`. */
const BY_CODE: Readonly<Record<number, Meaning>> = {
  401: { kind: 'transient', reason: 'the vendor wants to be told the key again' },
  402: { kind: 'fatal', reason: 'the vendor does not know the key or its secret' },
  404: { kind: 'transient', reason: 'the vendor waited in vain for the key' },
  406: { kind: 'capacity', reason: 'the vendor already serves another connection under this key' },
  407: { kind: 'transient', reason: 'the vendor says that this server reads too slowly' },
  408: { kind: 'fatal', reason: 'the vendor has not enabled this version of its streams for the key' },
  409: { kind: 'entitlement', reason: 'the plan does not include this feed' },
  500: { kind: 'transient', reason: 'the vendor has an internal error' }
}

/** Said of a request: all else that is subscribed to stays. The names are stable. */
export const REQUEST_REFUSALS: Readonly<Record<number, { readonly reason: string; readonly problem: Problem }>> = {
  400: refusal('unknown_symbol', 'the vendor does not take the symbol', 400),
  405: refusal('over_the_cap', 'the plan does not allow so many symbols', 405),
  409: refusal('not_in_the_plan', 'the plan does not include this channel', 409),
  410: refusal('not_on_this_feed', 'the feed has no such channel', 410)
}

/** The repeated authentication that the vendor answers so does no harm. */
export const ALREADY_AUTHENTICATED = 403

export function problemOfCode(code: number, message: string): Problem {
  const known = BY_CODE[code]
  if (known) return { ...known, code }
  return { kind: 'transient', reason: `the vendor says "${message.slice(0, 100)}"`, code }
}

/** The vendor tells its reasons before it closes, in errors; a close by itself says nothing that lasts. */
export function problemOfEnding(code: number, reason: string): Problem {
  if (code === 401 || code === 403) return { kind: 'fatal', reason: 'the vendor refuses the key', code }
  if (code === 404) return { kind: 'fatal', reason: 'the vendor has no such feed', code }
  if (code === 429) return { kind: 'capacity', reason: 'the vendor has had too many attempts to connect', code }
  if (code < 600) return { kind: 'transient', reason: `the vendor answered the handshake with status ${code}`, code }
  if (code === 1006) return { kind: 'transient', reason: 'the connection broke off', code }
  const why = reason === '' ? '' : `: ${reason.slice(0, 100)}`
  return { kind: 'transient', reason: `the vendor closed the connection (${code}${why})`, code }
}

function refusal(reason: string, text: string, code: number): { reason: string; problem: Problem } {
  return { reason, problem: { kind: 'entitlement', reason: text, code } }
}
