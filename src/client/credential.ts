import type { CredentialOptions } from './contract.ts'

/** What a WebSocket is opened with. */
export type Handshake = { readonly protocols: readonly string[]; readonly query: string }

/** Asks the server, without a credential of its own, for the JSON of an answer. */
export type Ask = (method: 'GET' | 'POST', path: string, headers?: Record<string, string>) => Promise<unknown>

export interface Credential {
  /** Headers of a request. */
  headers(method: string): Promise<Record<string, string>>
  handshake(): Promise<Handshake>
  /** A token that was not used before; absent where there can be none. */
  newToken?(): Promise<string>
  /** Forgets what was refused with this status; whether asking again may bring another answer. */
  forget(status: number): boolean
}

export function credentialOf({ key, token, session }: CredentialOptions, ask: Ask): Credential {
  if (token) return new TokenCredential(token)
  if (session === 'cookie') return new CookieCredential(ask)
  return {
    headers: async () => (key === undefined ? {} : bearer(key)),
    handshake: async () => handshakeOf(key),
    forget: () => false
  }
}

class TokenCredential implements Credential {
  readonly #bring: () => Promise<string>
  #token: Promise<string> | undefined

  constructor(bring: () => Promise<string>) {
    this.#bring = bring
  }

  async headers(): Promise<Record<string, string>> {
    return bearer(await (this.#token ?? this.newToken()))
  }

  async handshake(): Promise<Handshake> {
    return handshakeOf(await this.newToken())
  }

  /** Those who ask at the same time share it. One that could not be had is asked for again. */
  async newToken(): Promise<string> {
    const coming = (this.#token = this.#bring())
    try {
      return await coming
    } catch (error) {
      if (this.#token === coming) this.#token = undefined
      throw error
    }
  }

  forget(status: number): boolean {
    if (status !== 401) return false
    this.#token = undefined
    return true
  }
}

/** The browser sends the cookie; what changes something needs the word that only a page of the server can read. */
class CookieCredential implements Credential {
  readonly #ask: Ask
  #csrfToken: string | undefined

  constructor(ask: Ask) {
    this.#ask = ask
  }

  async headers(method: string): Promise<Record<string, string>> {
    if (method === 'GET') return {}
    this.#csrfToken ??= await this.#askCsrfToken()
    return this.#csrfToken === undefined ? {} : { 'x-csrf-token': this.#csrfToken }
  }

  async handshake(): Promise<Handshake> {
    return { protocols: ['quotewire'], query: `?ticket=${encodeURIComponent(await this.newToken())}` }
  }

  /** A ticket is good wherever a live connection takes a token. To ask who is signed in keeps the session alive, too. */
  async newToken(): Promise<string> {
    this.#csrfToken = undefined
    const headers = await this.headers('POST')
    const { ticket } = (await this.#ask('POST', '/api/v1/auth/ticket', headers)) as { ticket: string }
    return ticket
  }

  /** Somebody else may have signed in meanwhile. */
  forget(status: number): boolean {
    const mayHelp = status === 403 && this.#csrfToken !== undefined
    this.#csrfToken = undefined
    return mayHelp
  }

  /** Undefined where nobody is signed in. */
  async #askCsrfToken(): Promise<string | undefined> {
    const { csrfToken } = (await this.#ask('GET', '/api/v1/auth/session')) as { csrfToken?: string }
    return csrfToken
  }
}

const bearer = (credential: string) => ({ authorization: `Bearer ${credential}` })

/** Browsers send no headers with a WebSocket; sub-protocols, unlike addresses, are in no proxy's log. */
const handshakeOf = (credential: string | undefined): Handshake => ({
  protocols: credential === undefined ? ['quotewire'] : ['quotewire', `bearer.${credential}`],
  query: ''
})
