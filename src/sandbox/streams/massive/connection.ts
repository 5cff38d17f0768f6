import type { RawData, WebSocket } from 'ws'

/** More unsent bytes than this, and the vendor cuts the client off without a word. */
const MAX_UNSENT_BYTES = 8 * 1024 * 1024
const AUTHENTICATE_WITHIN_MS = 10_000
const POLICY_VIOLATION = 1008

/** What becomes of a parameter of a subscription. The vendor is silent about channels that a cluster does not publish. */
export type Entitlement = 'allowed' | 'not_in_plan' | 'not_published'

export type ConnectionOptions = {
  readonly socket: WebSocket
  readonly admits: (key: string) => boolean
  /** The connection is authenticated now. */
  readonly authenticated: (connection: MassiveConnection) => void
  readonly entitlementOf: (key: string, channel: string) => Entitlement
  /** Nothing is answered, and nothing sent. */
  readonly isDead: () => boolean
}

/** One client of the simulated Massive, as the vendor treats it. Messages are JSON texts. */
export class MassiveConnection {
  readonly #options: ConnectionOptions
  /** `T.AAPL`, `T.*`. */
  readonly #parameters = new Set<string>()
  readonly #deadline: NodeJS.Timeout
  #key: string | undefined

  constructor(options: ConnectionOptions) {
    this.#options = options
    const { socket } = options
    this.#deadline = setTimeout(() => {
      this.#tell('auth_timeout', 'No authentication request received.')
      socket.close()
    }, AUTHENTICATE_WITHIN_MS)
    socket.on('message', (data) => {
      if (!options.isDead()) this.#received(data)
    })
    socket.on('close', () => clearTimeout(this.#deadline))
    socket.on('error', () => undefined)
    this.#tell('connected', 'Connected Successfully')
  }

  get key(): string | undefined {
    return this.#key
  }

  isSubscribed(channel: string, ticker: string): boolean {
    return this.#parameters.has(`${channel}.${ticker}`) || this.#parameters.has(`${channel}.*`)
  }

  /** Tickers of any channel; `*` among them. */
  get tickers(): Set<string> {
    return new Set([...this.#parameters].map((parameter) => parameter.slice(parameter.indexOf('.') + 1)))
  }

  send(messages: readonly string[]): void {
    const { socket, isDead } = this.#options
    if (messages.length === 0 || socket.readyState !== socket.OPEN || isDead()) return
    if (socket.bufferedAmount > MAX_UNSENT_BYTES) return this.drop()
    socket.send(`[${messages.join(',')}]`)
  }

  /** Another connection of the key has taken its place. */
  evict(): void {
    this.#tell('max_connections', 'Maximum number of websocket connections exceeded. ')
    this.#options.socket.close(POLICY_VIOLATION)
  }

  /** Without a close frame, as happens to connections of this vendor at night. */
  drop(): void {
    this.#options.socket.terminate()
  }

  #received(data: RawData): void {
    const { action, params } = decoded(data)
    if (action === 'auth') return this.#authenticate(params)
    // What is told to whoever subscribes without a key is not documented: nothing here.
    if (this.#key === undefined) return
    if (action === 'subscribe') this.#subscribe(this.#key, params.split(','))
    if (action === 'unsubscribe') this.#unsubscribe(params.split(','))
  }

  #authenticate(key: string): void {
    if (this.#key !== undefined) return
    if (!this.#options.admits(key)) {
      this.#tell('auth_failed', 'authentication failed')
      return this.#options.socket.close()
    }
    clearTimeout(this.#deadline)
    this.#key = key
    this.#tell('auth_success', 'authenticated')
    this.#options.authenticated(this)
  }

  /** Each parameter is confirmed by itself, a misspelt ticker too; a refusal names none. What is held is not answered. */
  #subscribe(key: string, parameters: readonly string[]): void {
    for (const parameter of parameters) {
      const entitlement = this.#options.entitlementOf(key, parameter.split('.')[0]!)
      if (entitlement === 'not_in_plan') this.#tell('error', 'not authorized')
      if (entitlement !== 'allowed' || this.#parameters.has(parameter)) continue
      this.#parameters.add(parameter)
      this.#tell('success', `subscribed to: ${parameter}`)
    }
  }

  #unsubscribe(parameters: readonly string[]): void {
    for (const parameter of parameters) {
      if (this.#parameters.delete(parameter)) this.#tell('success', `unsubscribed to: ${parameter}`)
    }
  }

  #tell(status: string, message: string): void {
    this.send([JSON.stringify({ ev: 'status', status, message })])
  }
}

function decoded(data: RawData): { action: string; params: string } {
  try {
    const text = Buffer.isBuffer(data) ? data.toString() : ''
    const { action, params } = JSON.parse(text) as Record<string, unknown>
    return { action: String(action), params: String(params) }
  } catch {
    return { action: '', params: '' }
  }
}
