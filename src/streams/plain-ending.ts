import type { Problem } from './feed.ts'

/**
 * Why a connection ended, by its close code, where the vendor has none of its own; or was refused, by the status of the answer
 * to the handshake.
 */
export function plainEnding(code: number, reason: string): Problem {
  if (code === 401 || code === 403) return { kind: 'fatal', reason: 'the vendor refuses the connection', code }
  if (code === 429) return { kind: 'capacity', reason: 'the vendor has had too many attempts to connect', code }
  if (code < 600) return { kind: 'transient', reason: `the vendor answered the handshake with status ${code}`, code }
  if (code === 1006) return { kind: 'transient', reason: 'the connection broke off', code }
  const why = reason === '' ? '' : `: ${reason.slice(0, 100)}`
  return { kind: 'transient', reason: `the vendor closed the connection (${code}${why})`, code }
}
