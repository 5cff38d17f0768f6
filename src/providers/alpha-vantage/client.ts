import { setTimeout as wait } from 'node:timers/promises'
import createAlphaVantage from 'alphavantage'
import type { Static, TProperties, TSchema } from 'typebox'
import type { Validator } from 'typebox/compile'
import { createHttpClient, isOutage, jsonOf, type HttpAnswer } from '../http.ts'
import { ProviderError } from '../provider.ts'
import { refusalIn } from './refusal.ts'

export const PROVIDER = 'alpha-vantage'

const DEFAULT_BASE_URL = 'https://www.alphavantage.co'

/** The free plan answers one request a second, and refuses a second one a moment later. */
const FREE_PLAN_SPACING_MS = 1100

/** What the key is entitled to: `free` reaches 100 sessions back and has no intraday series. */
export type Plan = 'standard' | 'free'

export type Parameters = Record<string, string | number | boolean | undefined>

export type AlphaVantageClient = {
  /**
   * Asks one function of the vendor. `subject` names what is asked for in messages.
   * Rejects with ProviderError for every refusal, and `bad_payload` where the answer is not what `wire` describes.
   */
  ask<Wire extends TSchema>(
    name: string,
    parameters: Parameters,
    wire: Validator<TProperties, Wire>,
    subject: string,
    signal: AbortSignal
  ): Promise<Static<Wire>>
  close(): Promise<void>
}

export type AlphaVantageClientOptions = {
  apiKey: string
  baseUrl?: string
  timeoutMs: number
  plan: Plan
  now: () => number
}

/**
 * The `alphavantage` package spells the request; our own client sends it, because the package's fetch has no timeout,
 * cannot be aborted, and throws strings that may hold the key.
 */
export function createClient({ apiKey, baseUrl, timeoutMs, plan, now }: AlphaVantageClientOptions): AlphaVantageClient {
  const settings: { key: string; base?: string } = { key: apiKey }
  const { util } = createAlphaVantage(settings)
  // The package writes its base into the settings object and reads it again for each request.
  settings.base = `/query?apikey=${encodeURIComponent(apiKey)}&`
  const http = createHttpClient({ provider: PROVIDER, baseUrl: baseUrl ?? DEFAULT_BASE_URL, timeoutMs })

  const turn = createTurns(plan === 'free' ? FREE_PLAN_SPACING_MS : 0)

  return {
    async ask(name, parameters, wire, subject, signal) {
      await turn(signal)
      const answer = await http.get(util.url(encoded({ function: name, ...parameters })), {}, signal)
      const body = bodyOf(answer, subject)
      const refusal = refusalIn(body, now())
      if (refusal) throw refused(refusal.kind, `${refusal.reason} (${name} for ${subject})`, refusal)
      if (isEmpty(body)) throw refused('not_found', `does not know ${subject}`)
      if (!wire.Check(body)) throw refused('bad_payload', `sent something else than ${name} for ${subject}`)
      return body
    },
    close: () => http.close()
  }
}

/** Lets requests begin `spacingMs` apart. Rejects with the signal's reason once it is aborted. */
function createTurns(spacingMs: number) {
  let nextAt = 0
  return async (signal: AbortSignal): Promise<void> => {
    const now = performance.now()
    const waitMs = Math.max(0, nextAt - now)
    nextAt = now + waitMs + spacingMs
    if (waitMs > 0) await wait(waitMs, undefined, { signal }).catch(() => signal.throwIfAborted())
  }
}

export function refused(kind: ProviderError['kind'], reason: string, options = {}): ProviderError {
  return new ProviderError(PROVIDER, kind, `${PROVIDER} ${reason}`, options)
}

/** Handler of a rejection: an unknown symbol is an absence, every other failure stays one. */
export function unlessNotFound(error: unknown): undefined {
  if (error instanceof ProviderError && error.kind === 'not_found') return undefined
  throw error
}

/** The package joins names and values as they are, so a search for `a&function=B` would become another request. */
function encoded(parameters: Parameters): Record<string, string> {
  return Object.fromEntries(
    Object.entries(parameters).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, encodeURIComponent(String(value))]]
    )
  )
}

/** The vendor says nearly everything with status 200; what comes otherwise is its edge speaking. */
function bodyOf(answer: HttpAnswer, subject: string): unknown {
  const { status, retryAfterMs } = answer
  if (status === 429) throw refused('rate_limited', 'refuses requests for now', { scope: 'address', retryAfterMs })
  // A page instead of words is the guard in front of the vendor, which turns away addresses and not keys.
  if (status === 403 && answer.contentType === 'text/html') throw refused('unavailable', 'turns this address away')
  if (status === 401 || status === 403) throw refused('unauthorized', `refuses access (status ${status})`)
  if (isOutage(status)) throw refused('unavailable', `failed with status ${status}`, { retryAfterMs })
  const body = jsonOf({ text: withRepeatedRows(answer.text) })
  if (status >= 400 || body === undefined) {
    throw refused('bad_payload', `sent status ${status} and ${answer.contentType || 'no content type'} for ${subject}`)
  }
  return body
}

const DATED_NAME = /"(\d{4}-\d{2}-\d{2}[^"\\]{0,20})"(?=\s*:)/g
/** What the name of a row ends with that is told under this name already. */
export const REPEATED = / \(again \d+\)$/

/** Rows are members named by their dates: of two of one name JSON keeps the last alone, and what the other said is lost. */
function withRepeatedRows(text: string): string {
  const names = new Set<string>()
  let count = 0
  for (const [, name] of text.matchAll(DATED_NAME)) {
    names.add(name!)
    count++
  }
  if (names.size === count) return text
  const seen = new Set<string>()
  let repeated = 0
  return text.replace(DATED_NAME, (told, name: string) => {
    if (!seen.has(name)) return seen.add(name) && told
    return `"${name} (again ${++repeated})"`
  })
}

/** An unknown symbol is `{}` to most functions. */
function isEmpty(body: unknown): boolean {
  return typeof body === 'object' && body !== null && !Array.isArray(body) && Object.keys(body).length === 0
}
