import pg from 'pg'
import postgres from 'postgres'
import { DrizzleQueryError } from './drizzle.ts'

/** SQLSTATE classes 21 to 23 and 54: a value that does not fit its column, breaks a constraint, or is too large. */
const VALUE_AT_FAULT = /^(21|22|23|54)/

/**
 * Whether a write failed because of what was written, so that it would fail again; all else (no connection, shutting
 * down, read-only, out of space, deadlock) is the server's state and worth another try.
 */
export function isValueAtFault(error: unknown): boolean {
  const cause = error instanceof DrizzleQueryError ? error.cause : error
  if (cause instanceof postgres.PostgresError) return VALUE_AT_FAULT.test(cause.code)
  if (cause instanceof pg.DatabaseError) return VALUE_AT_FAULT.test(cause.code ?? '')
  return cause instanceof TypeError || cause instanceof RangeError
}

/** Whether a statement gave up because others held what it needed for longer than it may wait. */
export function isLockTimeout(error: unknown): boolean {
  return error instanceof postgres.PostgresError && error.code === '55P03'
}
