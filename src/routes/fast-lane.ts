import type { IncomingMessage, OutgoingHttpHeader, ServerResponse } from 'node:http'
import type { FastifyInstance } from 'fastify'
import type { ClassFreshness } from '../market/data-freshness.ts'
import type { Answer, MarketData } from '../market/market-data.ts'
import { headerOf, type VerifiedToken, type VerifiedTokens } from '../auth/verified-tokens.ts'
import type { RouteTraffic } from '../plugins/traffic.ts'
import { ageOf, cacheControlOf } from './answer.ts'
import type { QuoteLists } from './quote-lists.ts'

const ONE = '/api/v1/market/quote/'
const MANY = '/api/v1/market/quotes?symbols='
/** Escaped characters and further parameters are for the router to read. */
const NOT_PLAIN = /[%&+#]/

type Built = Pick<FastifyInstance, 'verifiedTokens' | 'marketData' | 'isOverloaded' | 'freshness' | 'traffic'>
type Ready = Pick<Answer<unknown>, 'body' | 'text' | 'receivedAt' | 'freshUntil'> & { etag?: string; count?: number }

/**
 * Answers what is asked most, quotes that memory holds for a user who is known, in front of the router: the same checks,
 * the same headers and the same bytes as the routes, at the price of a bare HTTP server. Anything unusual (another
 * spelling, a condition, a browser, a new credential, a bucket that is empty or must be settled first) is left to the routes, which know how to say no.
 */
export class FastLane {
  readonly #lists: QuoteLists
  #isOpen = false
  #verifiedTokens!: VerifiedTokens
  #marketData!: MarketData
  #isOverloaded!: () => boolean
  #freshness!: ClassFreshness
  #one!: RouteTraffic
  #many!: RouteTraffic

  constructor(lists: QuoteLists) {
    this.#lists = lists
  }

  /** Starts answering; until then everything is left to the router. */
  open({ verifiedTokens, marketData, isOverloaded, freshness, traffic }: Built): void {
    this.#verifiedTokens = verifiedTokens
    this.#marketData = marketData
    this.#isOverloaded = isOverloaded
    this.#freshness = freshness.quote
    this.#one = traffic.route('GET', `${ONE}:symbol`)
    this.#many = traffic.route('GET', MANY.slice(0, MANY.indexOf('?')))
    this.#isOpen = true
  }

  close(): void {
    this.#isOpen = false
  }

  /** True where it answered. */
  answer({ method, url, rawHeaders }: IncomingMessage, response: ServerResponse): boolean {
    if (!this.#isOpen || method !== 'GET' || url === undefined) return false
    const isOne = url.startsWith(ONE)
    if (!isOne && !url.startsWith(MANY)) return false
    const header = plainAuthorization(rawHeaders)
    if (header === undefined) return false
    const startedAt = performance.now()
    const now = Date.now()
    const verified = this.#verifiedTokens.known(header, now)
    if (!verified?.scopes.has('market:read') || this.#isOverloaded()) return false
    const ready: Ready | undefined = isOne
      ? this.#marketData.freshQuote(url.slice(ONE.length))
      : this.#freshBatch(url, now)
    if (!ready || verified.bucket.isAhead || !verified.bucket.spend(now)) return false

    this.#freshness.note(ready, now, ready.count)
    write(response, ready, verified, now)
    const traffic = isOne ? this.#one : this.#many
    traffic.finished({ startedAt, principal: verified.principal }, 200)
    return true
  }

  #freshBatch(url: string, now: number): Ready | undefined {
    const list = url.slice(MANY.length)
    return NOT_PLAIN.test(list) ? undefined : this.#lists.fresh(list, now)
  }
}

/** Names and values in one list: Node takes an object of headers apart again. */
function write(response: ServerResponse, ready: Ready, { bucket }: VerifiedToken, now: number): void {
  const headers: OutgoingHttpHeader[] = [
    'content-type',
    'application/json; charset=utf-8',
    'content-length',
    ready.body.byteLength,
    'cache-control',
    cacheControlOf(ready),
    'age',
    `${ageOf(ready, now)}`,
    'ratelimit-limit',
    bucket.limit,
    'ratelimit-remaining',
    bucket.remaining,
    'ratelimit-reset',
    bucket.resetSeconds,
    'x-content-type-options',
    'nosniff'
  ]
  if (ready.etag !== undefined) headers.push('etag', ready.etag)
  response.writeHead(200, headers)
  if (ready.text === undefined) response.end(ready.body)
  else response.end(ready.text, 'latin1')
}

/**
 * The Authorization header, or the one that X-API-Key stands for, of a request with one Host, without conditions, without a
 * body, and not from another site's page. Read from the raw list, for Node builds its object of headers only when somebody
 * asks for it.
 */
function plainAuthorization(rawHeaders: readonly string[]): string | undefined {
  let header: string | undefined
  let hasHost = false
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at]!
    if (!LENGTHS_OF_INTEREST.has(name.length)) continue
    const lowerCase = name.toLowerCase()
    if (NOT_FOR_THE_FAST_LANE.has(lowerCase)) return undefined
    if (lowerCase === 'host') {
      if (hasHost) return undefined
      hasHost = true
      continue
    }
    const isKey = lowerCase === 'x-api-key'
    if (!isKey && lowerCase !== 'authorization') continue
    if (header !== undefined) return undefined
    header = isKey ? headerOf(rawHeaders[at + 1]!) : rawHeaders[at + 1]
  }
  return hasHost ? header : undefined
}

const NOT_FOR_THE_FAST_LANE = new Set(['if-none-match', 'origin', 'content-length', 'transfer-encoding', 'expect'])
const LENGTHS_OF_INTEREST = new Set(
  ['host', 'authorization', 'x-api-key', ...NOT_FOR_THE_FAST_LANE].map(({ length }) => length)
)
