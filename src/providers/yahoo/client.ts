import { fetch, Response, type RequestInit } from 'undici'
import createYahooFinance from 'yahoo-finance2/createYahooFinance'
import { ExtendedCookieJar } from 'yahoo-finance2/lib/cookieJar'
import { getCrumbClear } from 'yahoo-finance2/lib/getCrumb'
import type { ModuleThis } from 'yahoo-finance2/lib/moduleCommon'
import { abortable } from '../../timeout.ts'
import { createDispatcher, noAnswer, readAnswer, type HttpAnswer, type Query } from '../http.ts'
import { ProviderError } from '../provider.ts'
import { checkCrumb, checkPage, checkStatus, dataOf } from './verdict.ts'

const MAX_CONCURRENT_REQUESTS = 16
/** Beyond this a request is refused at once: it would only grow old in the queue. */
const MAX_PENDING_REQUESTS = 512
const BODILESS_STATUSES = new Set([204, 205, 304])
/** Yahoo's edge answers 429 to clients that do not look like a browser. */
const USER_AGENT =
  'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36'

export type YahooRequest = {
  /** A full address without its query, symbols in it percent-encoded. */
  readonly url: string
  readonly query?: Query
  /** Whether the endpoint wants a session: cookies and the crumb that belongs to them. */
  readonly crumb?: boolean
  /** A JSON body to POST; without one the request is a GET. */
  readonly post?: object
}

export type YahooClientOptions = {
  /** Stands for every Yahoo host; without it Yahoo itself is asked. */
  baseUrl?: string
  timeoutMs: number
}

/**
 * One visitor of Yahoo: its connections, cookies and crumb. yahoo-finance2 does what makes Yahoo answer (cookies,
 * consent, crumb, queue); how its answers are judged and read is ours, for its own validators reject a whole batch for
 * one row, fall behind new members, and cost 18 ms for 100 quotes that take 1 ms to parse.
 */
export class YahooClient {
  readonly #baseUrl: string | undefined
  readonly #timeoutMs: number
  readonly #dispatcher = createDispatcher()
  readonly #closing = new AbortController()
  readonly #jar = new ExtendedCookieJar()
  readonly #client = createClient(this.#jar)
  #pending = 0
  #generation = 0
  #renewal: Promise<void> | undefined

  constructor({ baseUrl, timeoutMs }: YahooClientOptions) {
    this.#baseUrl = baseUrl?.replace(/\/$/, '')
    this.#timeoutMs = timeoutMs
  }

  /**
   * The JSON that Yahoo answers with. A crumb that Yahoo refuses is dropped with its cookies, and fetched anew once.
   * Rejects with ProviderError, or with the signal's reason.
   */
  async ask(request: YahooRequest, signal: AbortSignal): Promise<unknown> {
    signal.throwIfAborted()
    if (this.#pending >= MAX_PENDING_REQUESTS) {
      throw new ProviderError('yahoo', 'unavailable', `yahoo has ${MAX_PENDING_REQUESTS} requests waiting already`)
    }
    this.#pending++
    try {
      return await abortable(this.#askTwice(request, signal), signal)
    } finally {
      this.#pending--
    }
  }

  async close(): Promise<void> {
    this.#closing.abort()
    await this.#dispatcher.destroy()
  }

  async #askTwice(request: YahooRequest, signal: AbortSignal): Promise<unknown> {
    const generation = this.#generation
    try {
      return await this.#askOnce(request, signal)
    } catch (error) {
      const refused = error instanceof ProviderError && error.kind === 'unauthorized'
      // A refusal of a request without a crumb says nothing of the crumb, which goes on serving the others.
      if (!refused || !request.crumb) throw error
      await this.#renew(generation)
      return this.#askOnce(request, signal)
    }
  }

  /** Whoever sees the crumb refused first drops it; the others that used the same one only wait for that. */
  #renew(generation: number): Promise<void> | undefined {
    if (generation === this.#generation) {
      this.#generation++
      this.#renewal = getCrumbClear(this.#jar)
    }
    return this.#renewal
  }

  async #askOnce(request: YahooRequest, signal: AbortSignal): Promise<unknown> {
    const fetchAs = async (input: string, init: RequestInit) => {
      const url = new URL(input)
      if (input.split('?')[0] === request.url) {
        const { answer, response } = await this.#exchange(url, init, signal)
        const data = dataOf(answer)
        return isStrictJson(answer.text) ? response : new Response(JSON.stringify(data), { headers: response.headers })
      }
      // A session serves every caller: one that leaves must not break it for those who wait for the same crumb.
      const { answer, response } = await this.#exchange(url, init, this.#closing.signal)
      if (url.pathname === '/v1/test/getcrumb') checkCrumb(answer)
      else checkPage(answer)
      return response
    }
    try {
      return await this.#client.endpoint(request, fetchAs)
    } catch (error) {
      signal.throwIfAborted()
      if (error instanceof ProviderError) throw error
      // All answers with data are judged above, so what else fails is the library on its way to a session.
      throw new ProviderError('yahoo', 'unavailable', 'yahoo granted no session', { cause: error })
    }
  }

  async #exchange(
    url: URL,
    init: RequestInit,
    signal: AbortSignal
  ): Promise<{ answer: HttpAnswer; response: Response }> {
    signal.throwIfAborted()
    const timeout = AbortSignal.timeout(this.#timeoutMs)
    try {
      const response = await fetch(this.#addressOf(url), {
        ...init,
        redirect: 'manual',
        dispatcher: this.#dispatcher,
        signal: AbortSignal.any([signal, this.#closing.signal, timeout])
      })
      const answer = await readAnswer(response)
      checkStatus(answer)
      const body = BODILESS_STATUSES.has(response.status) ? null : answer.text
      return { answer, response: new Response(body, { status: response.status, headers: response.headers }) }
    } catch (error) {
      signal.throwIfAborted()
      if (error instanceof ProviderError) throw error
      throw noAnswer('yahoo', error, timeout.aborted ? this.#timeoutMs : undefined)
    }
  }

  #addressOf(url: URL): string {
    if (this.#baseUrl !== undefined) return this.#baseUrl + url.pathname + url.search
    if (url.protocol === 'https:' && url.hostname.endsWith('.yahoo.com')) return url.href
    throw new ProviderError('yahoo', 'unavailable', 'yahoo redirects to an address outside of yahoo.com')
  }
}

type Fetch = (input: string, init: RequestInit) => Promise<Response>

/** The one module that our build of the library's client has; the library's own are not used. */
function endpoint(this: ModuleThis, request: YahooRequest, fetchAs: Fetch): Promise<unknown> {
  const known = Object.entries(request.query ?? {}).filter(([, value]) => value !== undefined)
  // oxlint-disable-next-line no-underscore-dangle -- what every module of the library is run by
  return this._moduleExec({
    moduleName: 'endpoint',
    query: {
      url: request.url,
      needsCrumb: request.crumb ?? false,
      runtime: Object.fromEntries(known),
      definitions: ANY_SHAPE,
      schemaKey: '#/definitions/Any'
    },
    result: { definitions: ANY_SHAPE, schemaKey: '#/definitions/Any' },
    moduleOptions: { fetch: fetchAs, ...(request.post && { fetchOptions: postOf(request.post) }) }
  })
}

const ANY_SHAPE = { Any: {} }

function postOf(body: object) {
  return { method: 'POST', body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }
}

function createClient(cookieJar: ExtendedCookieJar) {
  const YahooClient = createYahooFinance({ modules: { endpoint } })
  return new YahooClient({
    cookieJar,
    queue: { concurrency: MAX_CONCURRENT_REQUESTS },
    fetchOptions: { headers: { 'User-Agent': USER_AGENT, accept: 'application/json, text/plain, */*' } },
    versionCheck: false,
    suppressNotices: ['yahooSurvey'],
    // It would print addresses with the crumb in them.
    logger: { info: silent, warn: silent, error: silent, debug: silent, dir: silent }
  })
}

/** What is read here with some leniency, the library would not read. */
function isStrictJson(text: string): boolean {
  return !/\b(NaN|Infinity)\b/.test(text)
}

function silent(): void {}
