import type { ProviderErrorKind } from '../../src/providers/provider.ts'
import type { Recording } from '../../src/sandbox/recording.ts'
import { textOf } from './checks.ts'
import type { Refusal } from './harness.ts'

type Rule = readonly [says: RegExp, kinds: readonly ProviderErrorKind[]]

/** Alpha Vantage says everything with status 200: in the first of these members that is a text. */
const ALPHA_VANTAGE_TEXTS = ['Error Message', 'Information', 'Note', 'message']
const ALPHA_VANTAGE: readonly Rule[] = [
  [/demo.*API key/i, ['unauthorized']],
  [/apikey is invalid|invalid or missing/i, ['unauthorized']],
  // It names plans by their requests per minute.
  [/this is a premium endpoint/i, ['not_covered']],
  [/per second|per minute|per day|rate limit/i, ['rate_limited']],
  [/premium|entitle/i, ['not_covered']],
  [/invalid API call|invalid inputs|no data|no articles found/i, ['not_found']],
  [/./, ['not_covered', 'bad_payload']]
]

const FMP: readonly Rule[] = [
  [/invalid api key/i, ['unauthorized']],
  [/limit reach/i, ['rate_limited']],
  [/restricted|premium|legacy|exclusive|special|subscription/i, ['not_covered']]
]

/**
 * What a recording must come to if it is a refusal, by status and body alone; undefined for an answer. `not_found` may
 * also come as an absence, where a list or a map is asked for.
 */
export function expectedRefusal(recording: Recording): Refusal {
  const text = textOf(recording)
  const json = parsed(text)
  return byStatus(recording, text) ?? byWords(json, text) ?? BY_BODY[recording.vendor](json, text)
}

/** A body that is no object and no list says nothing but what its words say. */
function byWords(json: unknown, text: string): Refusal {
  if (json === undefined || (typeof json === 'object' && json !== null)) return undefined
  const limits = /too many requests|limit reach|request allocation/i
  return limits.test(text) ? ['rate_limited'] : ['bad_payload']
}

function byStatus({ vendor, status }: Recording, text: string): Refusal {
  if (status < 400) return undefined
  if (status === 429) return ['rate_limited']
  if (status >= 500) return ['unavailable']
  if (vendor === 'fmp')
    return rule(FMP, text) ?? (status === 401 ? ['unauthorized'] : ['not_covered', 'not_found', 'bad_payload'])
  if (status === 401) return ['unauthorized']
  if (status === 403)
    return vendor === 'yahoo' ? ['unauthorized', 'unavailable', 'rate_limited'] : ['not_covered', 'unauthorized']
  // Yahoo says 404 of a symbol that exists but has no issuer, such as an exchange rate.
  // A page says nothing of a symbol.
  if (status === 404 && text.trimStart().startsWith('<')) return ['not_found', 'bad_payload']
  if (status === 404) return /no fundamentals data/i.test(text) ? ['not_found', 'not_covered'] : ['not_found']
  return ['bad_payload', 'not_covered', 'not_found']
}

const BY_BODY: Record<Recording['vendor'], (json: unknown, text: string) => Refusal> = {
  'alpha-vantage'(json) {
    if (json === undefined) return ['bad_payload']
    if (Array.isArray(json)) return json.length === 0 ? ['not_found', 'bad_payload'] : ['bad_payload']
    const members = json as Record<string, unknown>
    // Some clients keep an answer in CSV wrapped into JSON, which the vendor never sends.
    if (typeof members['csv'] === 'string') return ['bad_payload']
    const said = ALPHA_VANTAGE_TEXTS.map((name) => members[name]).find((each) => typeof each === 'string')
    if (typeof said === 'string' && said.toLowerCase() !== 'success') return rule(ALPHA_VANTAGE, said)
    const values = Object.values(members)
    const isEmpty = values.every((each) => typeof each === 'object' && each !== null && Object.keys(each).length === 0)
    return isEmpty ? ['not_found'] : undefined
  },
  fmp(json, text) {
    if (json === undefined) return rule(FMP, text) ?? ['bad_payload']
    if (Array.isArray(json)) return json.length === 0 ? ['not_found'] : undefined
    const members = json as Record<string, unknown>
    if (Array.isArray(members['historical'])) return members['historical'].length === 0 ? ['not_found'] : undefined
    const said = ['Error Message', 'message', 'error'].map((name) => members[name]).find(isText)
    if (said !== undefined) return rule(FMP, said) ?? ['bad_payload', 'not_covered', 'not_found']
    return Object.keys(members).length === 0 ? ['not_found'] : ['bad_payload']
  },
  tiingo(json, text) {
    if (json === undefined && /request allocation/i.test(text)) return ['rate_limited']
    if (json === undefined) return /^\w+,\w+/.test(text) ? ['bad_payload'] : ['bad_payload', 'unavailable']
    if (Array.isArray(json)) return json.length === 0 ? ['not_found'] : undefined
    const said = (json as Record<string, unknown>)['detail']
    if (typeof said !== 'string') return undefined
    return /not found/i.test(said) ? ['not_found'] : ['not_covered', 'rate_limited', 'unauthorized', 'bad_payload']
  },
  yahoo(json, text) {
    if (json === undefined) return /too many requests/i.test(text) ? ['rate_limited'] : ['bad_payload', 'unavailable']
    const envelope = Object.values(json as object)[0] as
      { result?: unknown; error?: { code?: string } | null } | undefined
    if (envelope?.error) return ['not_found', 'not_covered', 'bad_payload', 'unauthorized']
    return Array.isArray(envelope?.result) && envelope.result.length === 0 ? ['not_found'] : undefined
  }
}

function isText(value: unknown): value is string {
  return typeof value === 'string'
}

function rule(rules: readonly Rule[], text: string): Refusal {
  return rules.find(([says]) => says.test(text))?.[1]
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
