import type { Socket } from 'node:net'
import { performance } from 'node:perf_hooks'
import type { Instrument } from '../../universe/instrument.ts'
import { ClientReader, framed } from './framing.ts'

/** The newest one that is told in text. */
const SERVER_VERSION = 187
const MAX_MESSAGES_PER_SECOND = 50
/** What two seconds allow, at once: on a busy machine the requests of one are read together with those of the next. */
const MAX_AT_ONCE = 2 * MAX_MESSAGES_PER_SECOND
/** Whoever sends too much so often is cut off. */
const MAX_BREACHES = 3
/** More unsent bytes than this, and the client does not read. */
const MAX_UNSENT_BYTES = 8 * 1024 * 1024

export type Line = { readonly instrument: Instrument; readonly isLate: boolean }

export type ClientOptions = {
  readonly socket: Socket
  /** Whether the client may be there under its number. */
  readonly admits: (client: TwsClient) => boolean
  /** A request that comes after the greeting. */
  readonly asked: (client: TwsClient, fields: readonly string[]) => void
  /** Nothing is answered, and nothing sent. */
  readonly isDead: () => boolean
}

/** One client of simulated TWS, from its greeting on. */
export class TwsClient {
  readonly #options: ClientOptions
  readonly #reader = new ClientReader()
  readonly lines = new Map<number, Line>()
  clientId: number | undefined
  /** Whether it takes late data where there is no other. */
  takesLateData = false
  #isGreeted = false
  #allowed = MAX_AT_ONCE
  #countedAt = performance.now()
  #breaches = 0

  constructor(options: ClientOptions) {
    this.#options = options
    const { socket } = options
    socket.on('data', (bytes) => this.#received(bytes))
    socket.on('error', () => socket.destroy())
  }

  send(...fields: readonly (string | number)[]): void {
    const { socket, isDead } = this.#options
    if (isDead() || socket.destroyed) return
    socket.write(framed(fields))
    if (socket.writableLength > MAX_UNSENT_BYTES) socket.destroy()
  }

  /** About a request; -1: about none. */
  fail(id: number, code: number, text: string): void {
    this.send(4, 2, id, code, text, '')
  }

  drop(): void {
    this.#options.socket.destroy()
  }

  #received(bytes: Buffer): void {
    const messages = this.#reader.take(bytes)
    if (!messages) return this.drop()
    if (this.#options.isDead()) return
    for (const fields of messages) {
      if (!this.#isGreeted) this.#greet()
      else if (fields[0] === '71') this.#begin(Number(fields[2]))
      else if (this.clientId !== undefined && this.#isWithinPace()) this.#options.asked(this, fields)
    }
  }

  #greet(): void {
    this.#isGreeted = true
    this.send(SERVER_VERSION, new Date().toISOString())
  }

  #begin(clientId: number): void {
    this.clientId = clientId
    if (!this.#options.admits(this)) {
      this.fail(-1, 326, 'Unable to connect as the client id is already in use. Retry with a unique client id.')
      this.#options.socket.end()
      return
    }
    this.send(15, 1, 'DU0000001')
    this.send(9, 1, 1)
    this.fail(-1, 2104, 'Market data farm connection is OK:usfarm')
  }

  #isWithinPace(): boolean {
    const now = performance.now()
    const earned = ((now - this.#countedAt) / 1000) * MAX_MESSAGES_PER_SECOND
    this.#allowed = Math.min(MAX_AT_ONCE, this.#allowed + earned) - 1
    this.#countedAt = now
    if (this.#allowed >= 0) return true
    this.fail(-1, 100, 'Max rate of messages per second has been exceeded')
    if (++this.#breaches >= MAX_BREACHES) this.drop()
    return false
  }
}
