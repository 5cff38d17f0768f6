import { NotAuthenticated, type ApiError } from '../../errors.ts'
import { wrongFieldOf, type VendorError } from '../vendor-form.ts'

/** What the vendor's plans do not have is told so. */
const NOT_IN_THE_PLAN: ReadonlySet<string> = new Set(['NOT_LICENSED', 'NOT_AUTHORIZED'])

/** `status` says of what kind it is; an error of a request stands in `error`, all else in `message`. */
export function massiveError(error: ApiError, request_id: string): VendorError {
  const { code, message, statusCode } = error
  const failed = (status: number, text: string) => ({ status, body: { status: 'ERROR', request_id, error: text } })
  const told = (status: number, kind: string, text: string) => ({
    status,
    body: { status: kind, request_id, message: text }
  })
  if (error instanceof NotAuthenticated) {
    return failed(401, error.reason === 'missing' ? 'API Key was not provided' : `Unknown API Key. ${message}`)
  }
  if (NOT_IN_THE_PLAN.has(code)) return told(403, 'NOT_AUTHORIZED', `You are not entitled to this data. ${message}`)
  if (statusCode === 404) return told(404, 'NOT_FOUND', message)
  if (statusCode === 429) return failed(429, "You've exceeded the maximum requests per minute.")
  const wrong = wrongFieldOf(error)
  return failed(statusCode, wrong && wrong.field !== '' ? `The parameter '${wrong.field}' ${wrong.message}` : message)
}
