// https://site.financialmodelingprep.com/developer/docs
import { isOutage, jsonOf, type HttpAnswer } from '../http.ts'
import { isRecord } from '../salvage.ts'
import { ProviderError, type ProviderErrorKind, type ProviderErrorOptions } from '../provider.ts'

export type FmpPlan = 'standard' | 'free'

/**
 * The array that an answer holds. The vendor says its errors with any status: as JSON (`Error Message`), as plain text,
 * and with status 200; so the status, the content and the words decide together. An unknown symbol is an empty array.
 * Throws ProviderError.
 */
export function readArray(answer: HttpAnswer, plan: FmpPlan): readonly unknown[] {
  const body = jsonOf(answer)
  const refusal = refusalOf(answer, body, plan)
  if (refusal) throw refusal
  const rows = arrayIn(body)
  if (!rows) {
    const type = answer.contentType || 'an unnamed content type'
    throw failure('bad_payload', `sent ${type} where a JSON array was due`)
  }
  return rows
}

/** Older series come wrapped: `{ symbol, historical: [...] }`, and as `{}` for a symbol that is not known. */
function arrayIn(body: unknown): readonly unknown[] | undefined {
  if (Array.isArray(body)) return body
  if (typeof body !== 'object' || body === null) return undefined
  if ('historical' in body && Array.isArray(body.historical)) return body.historical
  return Object.keys(body).length === 0 ? [] : undefined
}

const BY_PLAN = { notCoveredBy: 'plan' } as const
const KEY_IS_REFUSED = /invalid api key|account[^.]{0,40} suspended/i
const OUTSIDE_THE_PLAN =
  /restricted endpoint|exclusive endpoint|legacy endpoint|premium (query parameter|endpoint)|special (endpoint|parameters)|not available under your current/i

function refusalOf(answer: HttpAnswer, body: unknown, plan: FmpPlan): ProviderError | undefined {
  const { status, retryAfterMs } = answer
  const said = messageIn(answer, body)
  if (status === 401 || KEY_IS_REFUSED.test(said)) return failure('unauthorized', 'does not accept the API key')
  if (status === 429 || /limit reach/i.test(said)) {
    // The vendor sends the same words for both of its limits: free keys have calls per day, paid ones calls per minute.
    const scope = plan === 'free' ? 'day' : 'minute'
    return failure('rate_limited', `has no calls left this ${scope}`, { retryAfterMs, scope })
  }
  if (status === 402 || OUTSIDE_THE_PLAN.test(said)) {
    return failure('not_covered', 'does not sell this endpoint, symbol or parameter under the current plan', BY_PLAN)
  }
  if (isOutage(status)) return failure('unavailable', `answered with status ${status}`)
  if (status >= 200 && status < 300) return undefined
  if (isHtml(answer)) return failure('bad_payload', `answered with status ${status} and a web page`)
  if (status === 403) return failure('not_covered', 'does not allow this endpoint under the current plan', BY_PLAN)
  if (status === 404) return failure('not_found', 'does not know what was asked for')
  return failure('bad_payload', `answered with status ${status}`)
}

/** The vendor's words about an error; empty for data, whose texts (news, descriptions) may say anything. */
function messageIn(answer: HttpAnswer, body: unknown): string {
  if (body === undefined) return isHtml(answer) ? '' : answer.text.slice(0, 1000)
  if (typeof body === 'string') return body
  // The message has come within an array too.
  const told: unknown = Array.isArray(body) && body.length === 1 ? body[0] : body
  if (!isRecord(told)) return ''
  if (Array.isArray(body) && Object.keys(told).length > 1) return ''
  const members = told
  return MESSAGES.map((name) => members[name]).find((each) => typeof each === 'string') ?? ''
}

const MESSAGES = ['Error Message', 'message', 'error', 'Error']

function isHtml({ contentType, text }: HttpAnswer): boolean {
  return contentType === 'text/html' || text.trimStart().startsWith('<')
}

function failure(kind: ProviderErrorKind, saying: string, options?: ProviderErrorOptions): ProviderError {
  return new ProviderError('fmp', kind, `fmp ${saying}`, options)
}
