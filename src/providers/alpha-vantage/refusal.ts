import { instantOf, partsOf } from '../../market/zoned-time.ts'
import type { ProviderErrorKind, ProviderErrorOptions } from '../provider.ts'

/** Why Alpha Vantage did not answer. `reason` is ours: the vendor's own texts echo the API key. */
export type Refusal = { readonly kind: ProviderErrorKind; readonly reason: string } & ProviderErrorOptions

const BURST_WAIT_MS = 1100
const MINUTE_WAIT_MS = 60_000

/** The vendor keeps Eastern time everywhere else; it does not document when a day of its quota ends. */
const QUOTA_ZONE = 'America/New_York'

type Rule = { readonly says: RegExp; readonly means: (now: number) => Refusal }

/**
 * What the vendor's sentences mean, first match wins. Nearly every text advertises the premium plans and the burst text
 * names the daily limit too, so the order is part of the rule.
 */
const RULES: readonly Rule[] = [
  {
    says: /\bdemo\b.*API key/i,
    means: () => ({ kind: 'unauthorized', reason: 'answers only samples to the demo key' })
  },
  {
    says: /apikey is invalid or missing/i,
    means: () => ({ kind: 'unauthorized', reason: 'does not accept the API key' })
  },
  {
    // It may name the plans that it comes with by their requests per minute.
    says: /this is a premium endpoint/i,
    means: () => ({ kind: 'not_covered', notCoveredBy: 'plan', reason: 'does not sell this data on the current plan' })
  },
  {
    says: /per second|burst/i,
    means: () => ({
      kind: 'rate_limited',
      reason: 'allows one request a second',
      scope: 'second',
      retryAfterMs: BURST_WAIT_MS
    })
  },
  {
    says: /(requests?|calls?) per minute/i,
    means: () => ({
      kind: 'rate_limited',
      reason: 'has no requests left in this minute',
      scope: 'minute',
      retryAfterMs: MINUTE_WAIT_MS
    })
  },
  {
    says: /(requests?|calls?) per day/i,
    means: (now) => ({
      kind: 'rate_limited',
      reason: 'has no requests left today',
      scope: 'day',
      retryAfterMs: untilMidnight(now)
    })
  },
  {
    says: /premium|entitle|subscribe/i,
    means: () => ({ kind: 'not_covered', notCoveredBy: 'plan', reason: 'does not sell this data on the current plan' })
  },
  {
    says: /function .*does not exist/i,
    means: () => ({ kind: 'not_covered', notCoveredBy: 'plan', reason: 'no longer has this function' })
  },
  {
    says: /invalid (API call|inputs)|no data for|no articles found/i,
    means: () => ({ kind: 'not_found', reason: 'does not know what was asked for' })
  }
]

/**
 * Reads the sentences by which Alpha Vantage refuses with status 200 (`Error Message`, `Information`, `Note`, and a
 * `message` other than success, which stands above artificial sample rows). Undefined where the body is an answer.
 */
export function refusalIn(body: unknown, now: number): Refusal | undefined {
  if (typeof body !== 'object' || body === null) return undefined
  const { message, ...said } = body as Record<string, unknown>
  const text = said['Error Message'] ?? said['Information'] ?? said['Note']
  if (typeof text === 'string') {
    return meaningOf(text, now) ?? { kind: 'bad_payload', reason: 'answered with a text that is not documented' }
  }
  if (typeof message !== 'string' || message.toLowerCase() === 'success') return undefined
  return (
    meaningOf(message, now) ?? {
      kind: 'not_covered',
      notCoveredBy: 'plan',
      reason: 'answered with a notice in place of data'
    }
  )
}

function meaningOf(text: string, now: number): Refusal | undefined {
  return RULES.find(({ says }) => says.test(text))?.means(now)
}

function untilMidnight(now: number): number {
  const { year, month, day } = partsOf(QUOTA_ZONE, now)
  return instantOf(QUOTA_ZONE, year, month, day + 1) - now
}
