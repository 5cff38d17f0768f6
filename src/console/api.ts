import { createClient, QuotewireError, type Client } from '../client/client.ts'
import { askSession, session } from './session.ts'

export { QuotewireError }

let forCsrfToken = ''
let current: Client | undefined

/** The API, as who is signed in now. */
export function api(): Client {
  const csrfToken = session.now?.signedIn ? session.now.csrfToken : ''
  if (!current || csrfToken !== forCsrfToken) current = createClient({ url: location.origin, session: 'cookie' })
  forCsrfToken = csrfToken
  return current
}

/** What went wrong, in words for people. An end of the session is noticed by the way, and brings the sign-in page. */
export function wordsFor(error: unknown): string {
  if (!(error instanceof QuotewireError)) return 'Something went wrong in this page'
  if (error.status === 401) void askSession()
  return error.code === 'UNREACHABLE' ? 'The server does not answer' : error.message
}

/** Whether the same may be answered later: not what was refused, or is not there. */
export const isPassing = (error: unknown): boolean =>
  error instanceof QuotewireError && (error.status === undefined || error.status >= 500 || error.status === 429)
