import type { CallOptions } from './contract.ts'
import type { Credential } from './credential.ts'
import { QuotewireError } from './error.ts'

/** Until the answer is there, with all waiting for a server that asked to come back later. */
const DEFAULT_TIMEOUT_MS = 30_000
/** So often a GET is sent, where the server says when to come back. */
const MAX_ATTEMPTS = 3

export type Read<T> = (response: Response) => Promise<T>

/** Sends requests, waits where the server asks for it, and makes errors of what is no answer. */
export class Rest {
  readonly #url: string
  readonly #credential: () => Credential

  constructor(url: string, credential: () => Credential) {
    this.#url = url
    this.#credential = credential
  }

  /** Rejects with QuotewireError; with the signal's own reason where that was aborted. */
  async call<T>(method: string, path: string, options: CallOptions, read: Read<T>): Promise<T> {
    const { signal, timeoutMs = DEFAULT_TIMEOUT_MS } = options
    const limit = new AbortController()
    const givesUpAt = performance.now() + timeoutMs
    const timer = setTimeout(() => limit.abort(), timeoutMs)
    const ends = signal ? AbortSignal.any([signal, limit.signal]) : limit.signal
    try {
      return await this.#attempts(method, path, options, { read, ends, givesUpAt })
    } catch (error) {
      if (signal?.aborted) throw signal.reason
      if (limit.signal.aborted) throw new QuotewireError('TIMEOUT', `No answer within ${timeoutMs} ms`)
      throw error
    } finally {
      clearTimeout(timer)
    }
  }

  async #attempts<T>(
    method: string,
    path: string,
    options: CallOptions,
    { read, ends, givesUpAt }: { read: Read<T>; ends: AbortSignal; givesUpAt: number }
  ): Promise<T> {
    const credential = this.#credential()
    for (let attempt = 1; ; attempt++) {
      const headers = await orAborted(credential.headers(method), ends)
      const response = await this.send(method, path, { ...options, headers: { ...headers, ...options.headers } }, ends)
      if (response.ok) return read(response)
      const error = await errorOf(response)
      if (attempt === 1 && credential.forget(response.status)) continue
      const waitMs = method === 'GET' ? error.retryAfterMs : undefined
      if (waitMs === undefined || attempt >= MAX_ATTEMPTS || performance.now() + waitMs >= givesUpAt) throw error
      await orAborted(new Promise((resolve) => setTimeout(resolve, waitMs)), ends)
    }
  }

  /** One request with no credential but what is in its headers; any status is an answer. */
  async send(method: string, path: string, options: CallOptions, signal?: AbortSignal): Promise<Response> {
    const { body, headers } = options
    try {
      return await fetch(this.#url + addressOf(path, options), {
        method,
        headers: { ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
        ...(body !== undefined && { body: JSON.stringify(body) }),
        ...(signal && { signal })
      })
    } catch (cause) {
      throw new QuotewireError('UNREACHABLE', `${this.#url} cannot be reached`, { cause })
    }
  }
}

/** The JSON of an answer; nothing where it has no body. */
export async function readJson(response: Response): Promise<unknown> {
  if (response.status === 204) return undefined
  try {
    return await response.json()
  } catch (cause) {
    throw new QuotewireError('BAD_ANSWER', 'The answer is not JSON', { status: response.status, cause })
  }
}

/** What the server said, as far as it is Quotewire's own error body. */
export async function errorOf(response: Response): Promise<QuotewireError> {
  const { status, headers } = response
  const body = (await response.json().catch(() => undefined)) as { error?: ErrorDetails } | undefined
  const { code = 'BAD_ANSWER', message = `The answer is ${status}`, requestId, details } = body?.error ?? {}
  const retryAfter = Number.parseFloat(headers.get('retry-after') ?? '')
  const retryAfterMs = Number.isFinite(retryAfter) ? retryAfter * 1000 : undefined
  return new QuotewireError(code, message, { status, requestId, retryAfterMs, details })
}

type ErrorDetails = { code: string; message: string; requestId: string; details?: unknown }

function addressOf(path: string, { path: values = {}, query = {} }: CallOptions): string {
  const filled = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    const value = values[name]
    if (value === undefined) throw new QuotewireError('INVALID_REQUEST', `${path} needs ${name}`)
    return encodeURIComponent(value)
  })
  const search = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined) search.set(name, [value].flat().join(','))
  }
  return search.size === 0 ? filled : `${filled}?${search.toString()}`
}

/** Rejects as soon as the signal is aborted, whatever becomes of the promise. */
export async function orAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted()
  const aborted = Promise.withResolvers<never>()
  const onAbort = () => aborted.reject(signal.reason)
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    return await Promise.race([promise, aborted.promise])
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}
