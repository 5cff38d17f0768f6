import { isOutage, jsonOf, type HttpAnswer } from '../http.ts'
import { ProviderError, type ProviderErrorKind } from '../provider.ts'
import { isRecord } from '../salvage.ts'

const CRUMB = /^[^\s<>{}]{4,64}$/
const BLOCKED = 999
const LIMIT_TEXT = /too many requests/i

/** What Yahoo says instead of an answer, in every envelope: `{"chart": {"result": null, "error": {...}}}`. */
type Refusal = { code: string; description: string }

/**
 * The JSON of an answer that holds data. Throws ProviderError for every other answer, judged by its status, content
 * type and body together: Yahoo says errors with 200 and sends plain text and HTML for JSON.
 */
export function dataOf(answer: HttpAnswer): unknown {
  rejectRefusedConnection(answer)
  const json = jsonOf(answer)
  const refusal = refusalIn(json)
  if (answer.status === 401 || refusal?.code === 'unauthorized') {
    throw failure('unauthorized', 'yahoo refused the crumb')
  }
  if (json === undefined) throw failure('bad_payload', `yahoo sent ${described(answer)} instead of JSON`)
  if (refusal || answer.status !== 200) throw failure(kindOf(answer.status, refusal), reasonOf(answer, refusal))
  return json
}

/**
 * Throws ProviderError where a status is none of HTTP's, which no response can be made of: with 999 Yahoo's edge keeps out
 * an address that asked too much.
 */
export function checkStatus(answer: HttpAnswer): void {
  if (answer.status === BLOCKED) throw addressRefused(answer)
  if (answer.status < 200 || answer.status > 599) {
    throw failure('unavailable', `yahoo answered with status ${answer.status}`)
  }
}

/** Throws ProviderError where the answer to a request for a crumb is not a crumb, so that none other is ever kept. */
export function checkCrumb(answer: HttpAnswer): void {
  rejectRefusedConnection(answer)
  if (answer.status === 401) throw failure('unauthorized', 'yahoo refused the cookies')
  if (answer.status !== 200 || !CRUMB.test(answer.text)) {
    throw failure('unavailable', `yahoo sent ${described(answer)} instead of a crumb`)
  }
}

/** Throws ProviderError where a page that only serves to get cookies was refused. Redirects to consent are no refusal. */
export function checkPage(answer: HttpAnswer): void {
  if (isRedirect(answer.status)) return
  rejectRefusedConnection(answer)
}

function rejectRefusedConnection(answer: HttpAnswer): void {
  // The edge says "Too Many Requests" in plain text, and has been seen to do so with statuses other than 429.
  if (answer.status === 429 || (answer.text.length < 200 && LIMIT_TEXT.test(answer.text))) {
    throw addressRefused(answer)
  }
  if (isOutage(answer.status) || answer.status === 403) {
    throw failure('unavailable', `yahoo answered with status ${answer.status}`)
  }
  if (isRedirect(answer.status)) throw failure('unavailable', 'yahoo asks for a consent that only a browser can give')
}

function kindOf(status: number, refusal: Refusal | undefined): ProviderErrorKind {
  if (refusal?.code === 'notfound' || (status === 404 && refusal)) {
    // A symbol without an issuer (an exchange rate, a fund) exists all the same.
    return /^no fundamentals data/i.test(refusal.description) ? 'not_covered' : 'not_found'
  }
  // A range or an interval that the chart does not reach: "1m data not available for startTime=...".
  if (status === 422 || /data not available|data doesn't exist/i.test(refusal?.description ?? '')) return 'not_covered'
  if (refusal?.code === 'internalservererror') return 'unavailable'
  return 'bad_payload'
}

function reasonOf(answer: HttpAnswer, refusal: Refusal | undefined): string {
  return refusal === undefined
    ? `yahoo sent ${described(answer)}`
    : `yahoo said ${refusal.code} with status ${answer.status}`
}

function refusalIn(json: unknown): Refusal | undefined {
  if (!isRecord(json)) return undefined
  for (const envelope of Object.values(json)) {
    const error = isRecord(envelope) ? envelope.error : undefined
    if (!isRecord(error)) continue
    const [code, description] = [error.code, error.description].map((text) => (typeof text === 'string' ? text : ''))
    return {
      code: code!
        .toLowerCase()
        .replaceAll(/[^a-z]/g, '')
        .slice(0, 40),
      description: description!
    }
  }
  return undefined
}

function described({ status, contentType }: HttpAnswer): string {
  return `${contentType || 'untyped content'} with status ${status}`
}

function addressRefused({ retryAfterMs }: HttpAnswer): ProviderError {
  return failure('rate_limited', 'yahoo refuses requests from this address for now', retryAfterMs)
}

function isRedirect(status: number): boolean {
  return status >= 300 && status < 400
}

function failure(kind: ProviderErrorKind, message: string, retryAfterMs?: number): ProviderError {
  return new ProviderError('yahoo', kind, message, {
    ...(kind === 'rate_limited' && { retryAfterMs, scope: 'address' as const })
  })
}
