import type { HoursOf } from '../../market/market-hours.ts'
import { isIsin } from '../../market/isin.ts'
import { parseSymbol } from '../../market/symbol.ts'
import { DASHED_SPELLING, spelledIssue, usIssue } from '../../market/us-issue.ts'
import { createHttpClient, type Query } from '../http.ts'
import { ProviderError } from '../provider.ts'
import { fittingRows } from '../rows.ts'
import type { Wire } from '../salvage.ts'
import { readJson } from './answer.ts'

/** What every capability of this provider works with. */
export type Tiingo = {
  readonly plan: TiingoPlan
  /** The JSON at a path. Rejects with ProviderError, or with the signal's reason. */
  json(path: string, query: Query, signal: AbortSignal): Promise<unknown>
  /** The array at a path. Rejects as `json` does. */
  array(path: string, query: Query, signal: AbortSignal): Promise<unknown[]>
  /** The readable rows of the array at a path. Rejects as `json` does. */
  rows<Row>(path: string, query: Query, wire: Wire<Row>, signal: AbortSignal): Promise<Row[]>
  now(): number
  readonly hoursOf: HoursOf
  close(): Promise<void>
}

export type TiingoPlan = 'standard' | 'free'

export type TiingoOptions = {
  apiKey: string
  baseUrl?: string
  timeoutMs: number
  plan: TiingoPlan
  now?: () => number
  /** When markets are open. */
  hoursOf: HoursOf
}

export function createTiingo(options: TiingoOptions): Tiingo {
  const { apiKey, baseUrl = 'https://api.tiingo.com', timeoutMs, plan } = options
  const { now = Date.now, hoursOf } = options
  const headers = { authorization: `Token ${apiKey}` }
  const http = createHttpClient({ provider: 'tiingo', baseUrl, headers, timeoutMs })

  const json: Tiingo['json'] = async (path, query, signal) => readJson(await http.get(path, query, signal))
  const array: Tiingo['array'] = async (path, query, signal) => {
    const body = await json(path, query, signal)
    if (Array.isArray(body)) return body
    throw new ProviderError('tiingo', 'bad_payload', `tiingo sent no array at ${path}`)
  }
  return {
    plan,
    json,
    array,
    rows: async (path, query, wire, signal) => fittingRows('tiingo', path, await array(path, query, signal), wire),
    now,
    hoursOf,
    close: () => http.close()
  }
}

/** All that is covered trades in New York: the vendor's Chinese listings, whose tickers are digits, are not asked for. */
export const ZONE = 'America/New_York'
export const CURRENCY = 'USD'

/** How the vendor spells a canonical symbol; undefined for what it does not have: indices, pairs, ISINs, other countries. */
export function wireOf(symbol: string): string | undefined {
  if (isIsin(symbol)) return undefined
  const issue = usIssue(symbol)
  if (issue) return spelledIssue(issue, DASHED_SPELLING)
  return /^[A-Z0-9]{1,10}(-[A-Z0-9]{1,2})*$/.test(symbol) && !CHINESE.test(symbol) ? symbol : undefined
}

/** The spelling of a covered symbol. Throws ProviderError('not_covered'). */
export function coveredSymbol(symbol: string): string {
  const wire = wireOf(symbol)
  if (wire === undefined) throw notCovered(symbol)
  return wire
}

/** News carry lower case. Of a Chinese listing the first digit tells the exchange: Shanghai, Shenzhen, or one not known. */
export function canonicalOf(wire: string): string | undefined {
  if (!CHINESE.test(wire)) return parseSymbol(wire)
  if (/^[69]/.test(wire)) return `${wire}.SS`
  return /^[023]/.test(wire) ? `${wire}.SZ` : undefined
}

const CHINESE = /^\d{6}$/

export function notCovered(what: string): ProviderError {
  return new ProviderError('tiingo', 'not_covered', `tiingo does not cover ${what}`)
}
