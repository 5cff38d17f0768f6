import type { IncomingMessage, ServerResponse } from 'node:http'
import type { FastifyInstance } from 'fastify'
import type { ClassFreshness } from '../market/data-freshness.ts'
import type { MarketData } from '../market/market-data.ts'
import type { Sessions } from '../plugins/sessions.ts'
import type { RouteTraffic } from '../plugins/traffic.ts'
import { ageOf, cacheControlOf } from './answer.ts'

const PATH = '/api/v1/market/quote/'

type Built = Pick<FastifyInstance, 'sessions' | 'marketData' | 'isOverloaded' | 'freshness' | 'traffic'>

/**
 * Answers what is asked most, a quote that memory holds for a user who is known, in front of the router: the same
 * checks, the same headers and the same bytes as the route, at the price of a bare HTTP server. Anything unusual (another
 * spelling, a condition, a browser, a new token, an empty bucket) is left to the route, which knows how to say no.
 */
export class FastLane {
  #isOpen = false
  #sessions!: Sessions
  #marketData!: MarketData
  #isOverloaded!: () => boolean
  #freshness!: ClassFreshness
  #traffic!: RouteTraffic

  /** Starts answering; until then everything is left to the router. */
  open({ sessions, marketData, isOverloaded, freshness, traffic }: Built): void {
    this.#sessions = sessions
    this.#marketData = marketData
    this.#isOverloaded = isOverloaded
    this.#freshness = freshness.quote
    this.#traffic = traffic.route('GET', `${PATH}:symbol`)
    this.#isOpen = true
  }

  close(): void {
    this.#isOpen = false
  }

  /** True where it answered. */
  answer({ method, url, headers }: IncomingMessage, response: ServerResponse): boolean {
    if (!this.#isOpen || method !== 'GET' || !url?.startsWith(PATH) || !isPlain(headers)) return false
    const startedAt = performance.now()
    const now = Date.now()
    const session = this.#sessions.known(headers.authorization!, now)
    if (!session?.scopes.has('market:read') || this.#isOverloaded()) return false
    const quote = this.#marketData.freshQuote(url.slice(PATH.length))
    if (!quote || !session.bucket.spend(now)) return false

    const { principal, bucket } = session
    this.#freshness.note(quote, now)
    response.writeHead(200, {
      'content-type': 'application/json; charset=utf-8',
      'content-length': `${quote.body.byteLength}`,
      etag: quote.etag,
      'cache-control': cacheControlOf(quote),
      age: `${ageOf(quote, now)}`,
      'ratelimit-limit': `${bucket.limit}`,
      'ratelimit-remaining': `${bucket.remaining}`,
      'ratelimit-reset': `${bucket.resetSeconds}`,
      'x-content-type-options': 'nosniff'
    })
    response.end(quote.body)
    this.#traffic.finished({ startedAt, principal }, 200)
    return true
  }
}

/** With a token, without conditions, without a body, and not from another site's page. */
function isPlain(headers: IncomingMessage['headers']): boolean {
  return (
    headers.authorization !== undefined &&
    headers['if-none-match'] === undefined &&
    headers.origin === undefined &&
    headers['content-length'] === undefined &&
    headers['transfer-encoding'] === undefined
  )
}
