import { NotAuthenticated, type ApiError } from '../../errors.ts'
import { UNKNOWN_FIELD, wrongFieldOf, type VendorError } from '../vendor-form.ts'

/** What the vendor's plans do not have is told so. */
const NOT_IN_THE_PLAN: ReadonlySet<string> = new Set(['NOT_LICENSED', 'FEED_NOT_AVAILABLE'])

/** `{"message": …}`; clients tell a wrong key from a plan that is too small by the text. */
export function alpacaError(error: ApiError): VendorError {
  const answer = (status: number, message: string) => ({ status, body: { message } })
  const { code, message, statusCode } = error
  if (error instanceof NotAuthenticated) {
    return error.reason === 'missing' ? answer(401, 'authorization required.') : answer(403, `forbidden. ${message}`)
  }
  if (code === 'NOT_AUTHORIZED') return answer(403, `forbidden. ${message}`)
  if (NOT_IN_THE_PLAN.has(code)) return answer(403, `subscription does not permit querying this data: ${message}`)
  if (code === 'ROUTE_NOT_FOUND') return answer(404, 'endpoint not found.')
  if (statusCode === 429) return answer(429, 'too many requests.')
  const wrong = wrongFieldOf(error)
  if (!wrong) return answer(statusCode, message)
  if (wrong.message === UNKNOWN_FIELD) return answer(400, `unexpected parameter(s): ${wrong.field}`)
  return answer(400, `invalid ${wrong.field}: ${wrong.message}`)
}
