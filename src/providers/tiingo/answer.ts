// https://www.tiingo.com/documentation/general/overview
import { isOutage, jsonOf, type HttpAnswer } from '../http.ts'
import { ProviderError, type ProviderErrorKind, type ProviderErrorOptions, type RateLimitScope } from '../provider.ts'

/**
 * The JSON of an answer. The vendor explains its errors in `detail`, at times as bare text, and says with status 400 that
 * a plan does not include something; so the status, the content and the words decide together. Throws ProviderError.
 */
export function readJson(answer: HttpAnswer): unknown {
  const body = jsonOf(answer)
  const refusal = refusalOf(answer, messageIn(answer, body))
  if (refusal) throw refusal
  if (body === undefined) {
    throw failure('bad_payload', `sent ${answer.contentType || 'an unnamed content type'} where JSON was due`)
  }
  return body
}

const BY_PLAN = { notCoveredBy: 'plan' } as const

function refusalOf(answer: HttpAnswer, said: string): ProviderError | undefined {
  const { status, retryAfterMs } = answer
  if (status === 429 || /you have run over|request allocation/i.test(said)) {
    const scope = scopeIn(said)
    return failure('rate_limited', `has no calls or symbols left this ${scope}`, { retryAfterMs, scope })
  }
  if (status === 401 || /supply a token|invalid token|credentials/i.test(said)) {
    return failure('unauthorized', 'does not accept the API key')
  }
  if (isOutage(status)) return failure('unavailable', `answered with status ${status}`)
  if (/do not have permission|plans? (is|are) limited to/i.test(said)) {
    return failure('not_covered', 'does not include this under the current plan', BY_PLAN)
  }
  if (isHtml(answer)) return failure('bad_payload', `answered with status ${status} and a web page`)
  if (status === 403) return failure('not_covered', 'does not allow this under the current plan', BY_PLAN)
  if (status === 404 || /not found/i.test(said)) return failure('not_found', 'does not know what was asked for')
  if (status < 200 || status >= 300) return failure('bad_payload', `answered with status ${status}`)
  return said === '' ? undefined : failure('bad_payload', 'sent a message where data was due')
}

/** Hourly and daily calls, and a monthly cap on different symbols. */
function scopeIn(said: string): RateLimitScope {
  if (/month|symbol/i.test(said)) return 'month'
  return /daily|day/i.test(said) ? 'day' : 'hour'
}

function messageIn(answer: HttpAnswer, body: unknown): string {
  // A CSV body, which comes where a `format` is not heeded, is no message either; it fails as not being JSON.
  if (body === undefined) return isHtml(answer) || answer.contentType === 'text/csv' ? '' : firstLine(answer.text)
  if (typeof body === 'string') return body
  if (typeof body !== 'object' || body === null || !('detail' in body)) return ''
  return typeof body.detail === 'string' ? body.detail : ''
}

function firstLine(text: string): string {
  return text.trim().split('\n', 1)[0]!.slice(0, 500)
}

function isHtml({ contentType, text }: HttpAnswer): boolean {
  return contentType === 'text/html' || text.trimStart().startsWith('<')
}

function failure(kind: ProviderErrorKind, saying: string, options?: ProviderErrorOptions): ProviderError {
  return new ProviderError('tiingo', kind, `tiingo ${saying}`, options)
}
