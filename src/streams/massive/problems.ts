import type { Problem } from '../feed.ts'

/** What the vendor says of the whole connection, by its status. */
export const CONNECTION_PROBLEMS: ReadonlyMap<string, Problem> = new Map([
  problem('auth_failed', 'fatal', 'the vendor does not know the key'),
  problem('auth_timeout', 'transient', 'the vendor waited in vain for the key'),
  // It goes to the older of two connections, as soon as the newer one is authenticated.
  problem('max_connections', 'capacity', 'the vendor serves another connection under this key')
])

/** Names nothing: one of the parameters of the request is not in the plan. */
export const NOT_AUTHORIZED = 'not authorized'

type RequestRefusal = { readonly reason: string; readonly problem: Problem }

/** Why parameters were refused, where the vendor said more than that the plan does not have them. */
export function refusalOf(text: string | undefined): RequestRefusal {
  if (text === undefined) {
    const reason = 'the plan does not include this channel or symbol'
    return { reason: 'not_in_the_plan', problem: { kind: 'entitlement', reason, code: NOT_AUTHORIZED } }
  }
  const reason = `the vendor says "${text.slice(0, 100)}"`
  return { reason: 'refused_by_the_vendor', problem: { kind: 'entitlement', reason } }
}

/** The vendor is silent about channels that the cluster does not publish. */
export const NOT_ANSWERED: RequestRefusal = {
  reason: 'not_answered',
  problem: { kind: 'entitlement', reason: 'the vendor does not answer for it, as for what it does not publish' }
}

/** The policy that a connection breaks which is one too many. */
const POLICY_VIOLATION = 1008

/** Why a connection ended, by its close code; or was refused, by the status of the answer to the handshake. */
export function problemOfEnding(code: number, reason: string): Problem {
  if (code === 401 || code === 403) return { kind: 'fatal', reason: 'the vendor refuses the key', code }
  if (code === 404) return { kind: 'fatal', reason: 'the vendor has no such market', code }
  if (code === 429) return { kind: 'capacity', reason: 'the vendor has had too many attempts to connect', code }
  if (code < 600) return { kind: 'transient', reason: `the vendor answered the handshake with status ${code}`, code }
  if (code === POLICY_VIOLATION) {
    return { kind: 'capacity', reason: 'the vendor gave the connection to another one under this key', code }
  }
  if (code === 1006) return { kind: 'transient', reason: 'the connection broke off', code }
  const why = reason === '' ? '' : `: ${reason.slice(0, 100)}`
  return { kind: 'transient', reason: `the vendor closed the connection (${code}${why})`, code }
}

function problem(status: string, kind: Problem['kind'], reason: string): [string, Problem] {
  return [status, { kind, reason, code: status }]
}
