import { Agent, fetch, type Dispatcher, type Response } from 'undici'
import { ProviderError, type VendorName } from './provider.ts'

const MAX_BODY_BYTES = 32 * 1024 * 1024
const CONNECT_TIMEOUT_MS = 1000
const KEEP_ALIVE_MS = 30_000

/** A vendor's answer, read as text: vendors say errors with status 200 and send HTML and plain text for JSON. */
export type HttpAnswer = {
  readonly status: number
  /** Lower case, without parameters; empty where the vendor sent none. */
  readonly contentType: string
  readonly text: string
  /** Parsed Retry-After, in milliseconds from now. */
  readonly retryAfterMs: number | undefined
}

export type HttpClient = {
  /** GETs a path of the vendor; `headers` beside those of all requests. Rejects with ProviderError('unavailable') when no answer came, or with the signal's reason. */
  get(path: string, query: Query, signal: AbortSignal, headers?: Record<string, string>): Promise<HttpAnswer>
  close(): Promise<void>
}
export type Query = Record<string, string | number | boolean | undefined>

export type HttpClientOptions = {
  provider: VendorName
  baseUrl: string
  headers?: Record<string, string>
  /** Added to every request, such as an API key. */
  query?: Query
  timeoutMs: number
}

export function createDispatcher(): Agent {
  return new Agent({
    connect: { timeout: CONNECT_TIMEOUT_MS },
    keepAliveTimeout: KEEP_ALIVE_MS,
    maxResponseSize: MAX_BODY_BYTES
  })
}

/** One vendor's HTTP client: own connection pool, one timeout for connecting and for the whole answer. */
export function createHttpClient(options: HttpClientOptions): HttpClient {
  const dispatcher = createDispatcher()
  return {
    async get(path, query, signal, headers) {
      const url = new URL(options.baseUrl.replace(/\/$/, '') + path)
      for (const [name, value] of Object.entries({ ...query, ...options.query })) {
        if (value !== undefined) url.searchParams.set(name, String(value))
      }
      return request({ ...options, headers: { ...options.headers, ...headers } }, dispatcher, url, signal)
    },
    close: () => dispatcher.destroy()
  }
}

async function request(
  { provider, headers, timeoutMs }: HttpClientOptions,
  dispatcher: Dispatcher,
  url: URL,
  signal: AbortSignal
): Promise<HttpAnswer> {
  const timeout = AbortSignal.timeout(timeoutMs)
  try {
    const response = await fetch(url, {
      dispatcher,
      headers: { accept: 'application/json', ...headers },
      redirect: 'error',
      signal: AbortSignal.any([signal, timeout])
    })
    return await readAnswer(response)
  } catch (error) {
    signal.throwIfAborted()
    throw noAnswer(provider, error, timeout.aborted ? timeoutMs : undefined)
  }
}

/** Reads a response to its end. Rejects as its body does. */
export async function readAnswer(response: Response): Promise<HttpAnswer> {
  return {
    status: response.status,
    contentType: (response.headers.get('content-type') ?? '').split(';')[0]!.trim().toLowerCase(),
    text: decoded(await response.arrayBuffer(), response.headers.get('content-type') ?? ''),
    retryAfterMs: parseRetryAfter(response.headers.get('retry-after'))
  }
}

/** The text of a body, in the character set that the vendor names; in UTF-8 where it names none that is known. */
function decoded(body: ArrayBuffer, contentType: string): string {
  const charset = /charset="?([\w:-]+)/i.exec(contentType)?.[1]
  try {
    return new TextDecoder(charset).decode(body)
  } catch {
    return new TextDecoder().decode(body)
  }
}

/** Codes of Node's decompression: zlib's, and Brotli's. */
const NOT_UNPACKED = /^(Z_|ERR__ERROR_|ERR_BROTLI_|ZSTD_)/

/** What a request that got no whole answer is reported as; `timedOutAfterMs` where it ran out of time. */
export function noAnswer(provider: VendorName, error: unknown, timedOutAfterMs?: number): ProviderError {
  if (NOT_UNPACKED.test(codeOf(error))) {
    const message = `${provider} sent a body that is not packed as its content-encoding says`
    return new ProviderError(provider, 'bad_payload', message, { cause: error })
  }
  // undici's errors carry addresses but never the query, so no key can leak through `cause`.
  const reason =
    timedOutAfterMs === undefined
      ? `could not be reached (${codeOf(error)})`
      : `did not answer within ${timedOutAfterMs} ms`
  return new ProviderError(provider, 'unavailable', `${provider} ${reason}`, { cause: error })
}

/** Retry-After as seconds or as an HTTP date; undefined where absent or unreadable. */
export function parseRetryAfter(header: string | null, now = Date.now()): number | undefined {
  if (header === null) return undefined
  const seconds = Number(header)
  if (header.trim() !== '' && Number.isFinite(seconds)) return Math.max(0, seconds * 1000)
  const instant = Date.parse(header)
  return Number.isNaN(instant) ? undefined : Math.max(0, instant - now)
}

/** Whether a status says that the vendor's side failed, or waited too long (408): another try may well be answered. */
export const isOutage = (status: number): boolean => status >= 500 || status === 408

/** The JSON of an answer, or undefined where the body is not JSON (HTML, plain text, CSV, nothing). */
export function jsonOf({ text }: Pick<HttpAnswer, 'text'>): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return NOT_A_NUMBER.test(text) ? withoutNotNumbers(text) : undefined
  }
}

/** Servers that are written in Python send these words as they are, which JSON does not have: they are absences. */
const NOT_A_NUMBER = /[[,:]\s*-?(NaN|Infinity)\b/
const TEXT_OR_NOT_A_NUMBER = /"(?:[^"\\]|\\.)*"|-?\b(?:NaN|Infinity)\b/g

function withoutNotNumbers(text: string): unknown {
  try {
    return JSON.parse(text.replace(TEXT_OR_NOT_A_NUMBER, (found) => (found.startsWith('"') ? found : 'null')))
  } catch {
    return undefined
  }
}

function codeOf(error: unknown): string {
  const cause = (error as { cause?: { code?: unknown } }).cause
  const code = cause?.code ?? (error as { code?: unknown }).code
  return typeof code === 'string' ? code : 'network error'
}
