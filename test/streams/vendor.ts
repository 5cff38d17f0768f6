import type { SocketEvents, UpstreamSocket } from '../../src/streams/socket.ts'
import type { Frame } from '../../src/streams/mapper.ts'
import type { Endpoint } from '../../src/streams/feed.ts'
import type { SimulatedClock } from './simulated-clock.ts'

/** How a vendor that is asked for a connection behaves. */
export type Behaviour =
  'well' | 'unreachable' | 'hangs' | 'refuses_key' | 'full' | 'not_in_plan' | 'no_acknowledgements'

const LATENCY_MS = 5

type Connection = {
  readonly endpoint: Endpoint
  readonly events: SocketEvents
  readonly carried: Set<string>
  isOver: boolean
}

/** Alpaca at the other end of a socket: connections are made in memory, all else is as the vendor says it. */
export class Vendor {
  readonly #clock: SimulatedClock
  readonly #behaviours: Behaviour[] = []
  #connection: Connection | undefined
  #trades = 0
  behaviour: Behaviour = 'well'
  /** Neither data nor answers to pings. */
  isDeaf = false
  isMute = false
  /** When each connection was asked for, milliseconds of the steady clock. */
  readonly attempts: number[] = []
  readonly paths: string[] = []
  readonly pings: number[] = []
  /** Subscriptions of what was subscribed to already. */
  repeated = 0
  simultaneous = 0

  constructor(clock: SimulatedClock) {
    this.#clock = clock
  }

  get carried(): ReadonlySet<string> {
    return this.#connection?.carried ?? new Set()
  }

  /** The next connections behave so, then as `behaviour` says. */
  next(...behaviours: Behaviour[]): void {
    this.#behaviours.push(...behaviours)
  }

  open = (endpoint: Endpoint, events: SocketEvents): UpstreamSocket => {
    if (this.#connection && !this.#connection.isOver) this.simultaneous++
    this.attempts.push(this.#clock.elapsed())
    this.paths.push(new URL(endpoint.url).pathname)
    const behaviour = this.#behaviours.shift() ?? this.behaviour
    const connection: Connection = { endpoint, events, carried: new Set(), isOver: false }
    this.#connection = connection
    this.#later(connection, () => this.#greet(connection, behaviour))
    return {
      send: (frame) => this.#later(connection, () => this.#told(connection, frame, behaviour)),
      ping: () => {
        this.pings.push(this.#clock.elapsed())
        if (!this.isDeaf) this.#later(connection, () => events.ponged())
      },
      drop: () => void (connection.isOver = true)
    }
  }

  /** Trades of each of these symbols that is subscribed to. */
  trade(...symbols: string[]): void {
    const at = new Date(this.#clock.now()).toISOString()
    const messages = symbols
      .filter((symbol) => this.#connection?.carried.has(`trades ${symbol}`))
      .map((symbol) => ({ T: 't', S: symbol, i: ++this.#trades, x: 'V', p: 100, s: 10, c: ['@'], t: at, z: 'B' }))
    if (messages.length > 0 && !this.isMute && !this.isDeaf) this.#say(this.#connection!, messages)
  }

  error(code: number, msg: string): void {
    this.#say(this.#connection!, [{ T: 'error', code, msg }])
  }

  cut(code = 1006, reason = ''): void {
    if (this.#connection) this.#end(this.#connection, code, reason)
  }

  #greet(connection: Connection, behaviour: Behaviour): void {
    if (behaviour === 'hangs') return
    if (behaviour === 'unreachable') return this.#end(connection, 1006, '')
    connection.events.opened()
    this.#say(connection, [{ T: 'success', msg: 'connected' }])
  }

  #told(connection: Connection, frame: Frame, behaviour: Behaviour): void {
    const { action, ...channels } = JSON.parse(String(frame)) as Record<string, string[]> & { action: string }
    if (action === 'auth') return this.#authenticate(connection, behaviour)
    if (behaviour === 'no_acknowledgements') return
    for (const [channel, symbols] of Object.entries(channels)) {
      for (const symbol of symbols) {
        const key = `${channel} ${symbol}`
        if (action === 'unsubscribe') connection.carried.delete(key)
        else if (connection.carried.has(key)) this.repeated++
        else connection.carried.add(key)
      }
    }
    this.#say(connection, [{ T: 'subscription', trades: [], ...channelsOf(connection.carried) }])
  }

  #authenticate(connection: Connection, behaviour: Behaviour): void {
    const error = (code: number, msg: string) => this.#say(connection, [{ T: 'error', code, msg }])
    if (behaviour === 'refuses_key') return error(402, 'auth failed')
    if (behaviour === 'full') return error(406, 'connection limit exceeded')
    if (behaviour === 'not_in_plan') return error(409, 'insufficient subscription')
    this.#say(connection, [{ T: 'success', msg: 'authenticated' }])
  }

  #say(connection: Connection, messages: unknown[]): void {
    if (!connection.isOver && !this.isDeaf) connection.events.received(JSON.stringify(messages))
  }

  #end(connection: Connection, code: number, reason: string): void {
    if (connection.isOver) return
    connection.isOver = true
    connection.events.ended(code, reason)
  }

  #later(connection: Connection, step: () => void): void {
    this.#clock.after(LATENCY_MS, () => {
      if (!connection.isOver) step()
    })
  }
}

function channelsOf(carried: ReadonlySet<string>): Record<string, string[]> {
  const channels: Record<string, string[]> = {}
  for (const key of carried) {
    const [channel = '', symbol = ''] = key.split(' ')
    ;(channels[channel] ??= []).push(symbol)
  }
  return channels
}
