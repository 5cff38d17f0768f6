import { decode, encode, encodeTimeSpecToTimestamp, ExtensionCodec } from '@msgpack/msgpack'
import type { RawData, WebSocket } from 'ws'

/** More unsent bytes than this, and the vendor calls the client slow and cuts it off. */
const MAX_UNSENT_BYTES = 8 * 1024 * 1024
const AUTHENTICATE_WITHIN_MS = 10_000

const CHANNELS = ['trades', 'quotes', 'bars', 'updatedBars', 'dailyBars', 'statuses', 'lulds'] as const
export type Channel = (typeof CHANNELS)[number]

/** An instant as a message carries it, in either encoding. */
export class WireInstant {
  readonly ms: number
  readonly ns: number

  constructor(ms: number, ns = 0) {
    this.ms = ms
    this.ns = ns
  }

  /** Up to nine digits of a second, without zeros at the end. */
  toJSON(): string {
    const [whole] = new Date(this.ms).toISOString().split('.')
    const fraction = `${String(this.ms % 1000).padStart(3, '0')}${String(this.ns).padStart(6, '0')}`.replace(/0+$/, '')
    return `${whole}${fraction === '' ? '' : `.${fraction}`}Z`
  }
}

const extensions = new ExtensionCodec()
extensions.register({
  type: -1,
  encode(value) {
    if (!(value instanceof WireInstant)) return null
    const sec = Math.floor(value.ms / 1000)
    return encodeTimeSpecToTimestamp({ sec, nsec: (value.ms - sec * 1000) * 1_000_000 + value.ns })
  },
  decode: () => undefined
})

export type Message = Readonly<Record<string, unknown>>

export type ConnectionOptions = {
  readonly socket: WebSocket
  readonly isBinary: boolean
  /** Symbols of trades and quotes together that the key's plan allows. */
  readonly maxSymbolsOf: (key: string) => number
  /** The feed has such a channel. */
  readonly hasChannel: (channel: string) => boolean
  /** Whether the key opens this feed; a code of the vendor where it does not. */
  readonly admits: (key: string, secret: string, connection: AlpacaConnection) => number | undefined
  /** Nothing is answered, and nothing sent. */
  readonly isDead: () => boolean
}

const ERRORS: Readonly<Record<number, string>> = {
  400: 'invalid syntax',
  401: 'not authenticated',
  402: 'auth failed',
  403: 'already authenticated',
  404: 'auth timeout',
  405: 'symbol limit exceeded',
  406: 'connection limit exceeded',
  407: 'slow client',
  409: 'insufficient subscription',
  410: 'invalid subscribe action for this feed',
  500: 'internal error'
}

/** One client of the simulated Alpaca, as the vendor treats it. */
export class AlpacaConnection {
  readonly #options: ConnectionOptions
  readonly #subscribed = new Map<string, Set<string>>()
  readonly #deadline: NodeJS.Timeout
  #key: string | undefined

  constructor(options: ConnectionOptions) {
    this.#options = options
    const { socket } = options
    this.#deadline = setTimeout(() => this.fail(404), AUTHENTICATE_WITHIN_MS)
    socket.on('message', (data, isBinary) => {
      if (!options.isDead()) this.#received(data, isBinary)
    })
    socket.on('close', () => clearTimeout(this.#deadline))
    socket.on('error', () => undefined)
    this.send([{ T: 'success', msg: 'connected' }])
  }

  get key(): string | undefined {
    return this.#key
  }

  get isOpen(): boolean {
    return this.#options.socket.readyState === this.#options.socket.OPEN
  }

  isSubscribed(channel: Channel, symbol: string): boolean {
    const symbols = this.#subscribed.get(channel)
    return symbols !== undefined && (symbols.has(symbol) || symbols.has('*'))
  }

  /** All symbols of any channel; `*` among them. */
  get symbols(): Set<string> {
    return new Set([...this.#subscribed.values()].flatMap((symbols) => [...symbols]))
  }

  send(messages: readonly Message[]): void {
    const { socket, isBinary, isDead } = this.#options
    if (messages.length === 0 || !this.isOpen || isDead()) return
    if (socket.bufferedAmount > MAX_UNSENT_BYTES) return this.fail(407)
    socket.send(
      isBinary ? encode(messages, { extensionCodec: extensions, useBigInt64: true }) : JSON.stringify(messages)
    )
  }

  /** Tells an error and ends the connection, as the vendor does. */
  fail(code: number): void {
    this.send([{ T: 'error', code, msg: ERRORS[code] ?? 'internal error' }])
    this.#options.socket.close()
  }

  drop(): void {
    this.#options.socket.terminate()
  }

  #received(data: RawData, isBinary: boolean): void {
    const message = this.#decoded(data, isBinary)
    if (!message) return this.#refuse(400)
    const { action } = message
    if (action === 'auth') return this.#authenticate(String(message.key), String(message.secret))
    if (this.#key === undefined) return this.#refuse(401)
    if (action === 'subscribe' || action === 'unsubscribe') return this.#subscribe(message, action === 'subscribe')
    this.#refuse(400)
  }

  #decoded(data: RawData, isBinary: boolean): Message | undefined {
    if (!Buffer.isBuffer(data) || isBinary !== this.#options.isBinary) return undefined
    try {
      const message: unknown = isBinary ? decode(data) : JSON.parse(data.toString())
      return typeof message === 'object' && message !== null ? (message as Message) : undefined
    } catch {
      return undefined
    }
  }

  #authenticate(key: string, secret: string): void {
    if (this.#key !== undefined) return this.#refuse(403)
    const code = this.#options.admits(key, secret, this)
    if (code !== undefined) return this.fail(code)
    clearTimeout(this.#deadline)
    this.#key = key
    this.send([{ T: 'success', msg: 'authenticated' }])
  }

  /** All or nothing; answered with all that is subscribed to then. */
  #subscribe(message: Message, isOn: boolean): void {
    const channels = Object.entries(message).filter(([name]) => name !== 'action')
    const next = new Map([...this.#subscribed].map(([channel, symbols]) => [channel, new Set(symbols)]))
    for (const [channel, symbols] of channels) {
      if (!this.#options.hasChannel(channel)) return this.#refuse(410)
      if (!Array.isArray(symbols) || !symbols.every((symbol) => /^([A-Z0-9./]{1,21}|\*)$/.test(String(symbol)))) {
        return this.#refuse(400)
      }
      const held = next.get(channel) ?? new Set<string>()
      next.set(channel, held)
      for (const symbol of symbols as string[]) {
        if (isOn) held.add(symbol)
        else held.delete(symbol)
      }
    }
    const counted = (next.get('trades')?.size ?? 0) + (next.get('quotes')?.size ?? 0)
    if (isOn && counted > this.#options.maxSymbolsOf(this.#key!)) return this.#refuse(405)
    this.#subscribed.clear()
    for (const [channel, symbols] of next) this.#subscribed.set(channel, symbols)
    this.send([{ T: 'subscription', ...this.#state() }])
  }

  /** Corrections and cancellations follow trades by themselves. */
  #state(): Record<string, string[]> {
    const list = (channel: string) => [...(this.#subscribed.get(channel) ?? [])]
    const own = Object.fromEntries(
      CHANNELS.filter((channel) => this.#options.hasChannel(channel)).map((channel) => [channel, list(channel)])
    )
    return { ...own, corrections: list('trades'), cancelErrors: list('trades') }
  }

  #refuse(code: number): void {
    this.send([{ T: 'error', code, msg: ERRORS[code] ?? 'internal error' }])
  }
}
