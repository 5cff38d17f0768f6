import { connect, type Socket } from 'node:net'
import type { Stream } from './ticks.ts'

/** How a server wants to be spoken to. */
export type Dialect = 'quotewire' | 'quotewire.binary' | 'quotewire.batch' | 'naive' | 'socket.io'

export type LiveSocketOptions = {
  url: string
  dialect: Dialect
  stream: Stream
  symbols: readonly string[]
  tally: Tally
  /** Where the stamp of every event is noted, by which it is recognised; single events in text only. */
  stamps?: Stamps
}

/** Every so many delivered events one is looked at closely. */
const SAMPLE_EVERY = 16
const MAX_SAMPLES = 2_000_000
/** In the head of a binary message: its length. */
const HEAD_LENGTH_AT = 2
/** Trades and quotes by their kind, in bytes; a stamp is the third number behind eight bytes of head. */
const RECORD_BYTES = [0, 48, 32]
const STAMP_AT = 24
const KIND_AT = 4
const STAMP_DIGITS = 13
const CURSOR = Buffer.from('"cursor":"')
/** All sockets of a process read into it in turn. */
const READ_BUFFER = Buffer.allocUnsafeSlow(256 * 1024)
const BINARY_OPCODE = 2
const PING_OPCODE = 9
/** The first byte of a text frame, and of an answer to a ping. */
const [TEXT, PONG] = [0x81, 0x8a]
const COMMA_CODE = 0x2c
const ZERO = 0x30
const [BRACKET, FOUR, TWO, QUOTE, TRADE] = ['[', '4', '2', 'q', 't'].map((each) => each.charCodeAt(0))
/** Behind `{"type":"` the first letter tells events from the server's other frames. */
const TYPE_AT = 9

/** The stamps of what one client was delivered, in the order in which it came. */
export class Stamps {
  /** The server ended the connection: what came afterwards is for who resumes. */
  isCutOff = false
  #stamps = new Float64Array(1024)
  #count = 0

  get all(): Float64Array {
    return this.#stamps.subarray(0, this.#count)
  }

  add(stamp: number): void {
    if (this.#count === this.#stamps.length) {
      const grown = new Float64Array(2 * this.#count)
      grown.set(this.#stamps)
      this.#stamps = grown
    }
    this.#stamps[this.#count++] = stamp
  }

  clear(): void {
    this.#count = 0
  }
}

/** What the clients of a process were delivered. */
export class Tally {
  delivered = 0
  latenciesUs: number[] = []
  #untilSample = SAMPLE_EVERY

  begin(): void {
    this.delivered = 0
    this.latenciesUs = []
  }

  /** Whether one of these events is to be looked at. */
  add(events: number): boolean {
    this.delivered += events
    this.#untilSample -= events
    if (this.#untilSample > 0 || this.latenciesUs.length >= MAX_SAMPLES) return false
    this.#untilSample = SAMPLE_EVERY
    return true
  }
}

/**
 * A client that is cheaper than the server it measures: it walks the headers of frames and parses no JSON, except for the
 * stamp in a sample of the events.
 */
export class LiveSocket {
  readonly socket: Socket
  /** Resolves once the server confirmed the subscription. */
  readonly subscribed: Promise<void>
  readonly #options: LiveSocketOptions
  readonly #marker: Buffer
  readonly #now: () => number
  readonly #onSubscribed: () => void
  /** The beginning of a frame whose rest is yet to come. */
  #rest: Buffer | undefined
  #isOpen = false
  /** From the beginning of the event that was looked at last. */
  #markerAt = 0

  constructor(options: LiveSocketOptions, now: () => number) {
    this.#options = options
    this.#now = now
    this.#marker = Buffer.from(options.stream === 'trades' ? '"size":' : '"volume":')
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    this.subscribed = promise
    this.#onSubscribed = resolve
    const { hostname, port } = new URL(options.url)
    const onread = {
      buffer: READ_BUFFER,
      callback: (bytes: number) => {
        this.#read(READ_BUFFER.subarray(0, bytes))
        return true
      }
    }
    this.socket = connect({ host: hostname, port: Number(port), onread })
    this.socket.on('error', reject)
    this.socket.on('close', () => {
      if (options.stamps) options.stamps.isCutOff = true
      reject(new Error('the server ended the connection'))
    })
    this.socket.write(this.#handshake())
  }

  #handshake(): string {
    const { dialect, url } = this.#options
    const path = dialect === 'socket.io' ? '/socket.io/?EIO=4&transport=websocket' : pathOf(new URL(url))
    const binary = dialect === 'quotewire.binary' ? 'Sec-WebSocket-Protocol: quotewire.binary\r\n' : ''
    return (
      `GET ${path} HTTP/1.1\r\nHost: load\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n${binary}` +
      'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n'
    )
  }

  #read(chunk: Buffer): void {
    const data = this.#rest ? Buffer.concat([this.#rest, chunk]) : chunk
    const at = this.#isOpen ? this.#walk(data, 0) : this.#open(data)
    this.#rest = at < data.length ? Buffer.from(data.subarray(at)) : undefined
  }

  #open(data: Buffer): number {
    const end = data.indexOf('\r\n\r\n')
    if (end < 0) return 0
    this.#isOpen = true
    const { dialect, stream, symbols } = this.#options
    if (dialect === 'naive') this.#send(JSON.stringify({ symbols }))
    else if (dialect === 'socket.io') this.#send('40')
    else {
      const batch = dialect === 'quotewire.batch'
      this.#send(JSON.stringify({ type: 'subscribe', data: { type: 'stock_quotes', stream, symbols, batch } }))
    }
    return this.#walk(data, end + 4)
  }

  /** Takes every whole frame; returns where the first that is not begins. */
  #walk(data: Buffer, from: number): number {
    let at = from
    while (at + 2 <= data.length) {
      let length = data[at + 1]! & 0x7f
      let start = at + 2
      if (length === 126) {
        if (at + 4 > data.length) return at
        length = (data[at + 2]! << 8) | data[at + 3]!
        start = at + 4
      } else if (length === 127) {
        if (at + 10 > data.length) return at
        length = data.readUInt32BE(at + 6)
        start = at + 10
      }
      const end = start + length
      if (end > data.length) return at
      const opcode = data[at]! & 0x0f
      if (opcode === BINARY_OPCODE) this.#takeBinary(data, start, end)
      else if (opcode === PING_OPCODE) this.#write(PONG, data.subarray(start, end))
      else this.#takeText(data, start, end)
      at = end
    }
    return at
  }

  #takeBinary(data: Buffer, start: number, end: number): void {
    const first = start + data.readUInt16LE(start + HEAD_LENGTH_AT)
    const width = RECORD_BYTES[data[first + KIND_AT]!]!
    const isSampled = this.#options.tally.add((end - first) / width)
    if (isSampled) this.#sample(data.readDoubleLE(first + STAMP_AT))
  }

  #takeText(data: Buffer, start: number, end: number): void {
    if (this.#options.dialect === 'socket.io') return this.#takeSocketIo(data, start, end)
    const isArray = data[start] === BRACKET
    const type = data[start + TYPE_AT + (isArray ? 1 : 0)]
    if (type !== QUOTE && type !== TRADE) return this.#onSubscribed()
    const { stamps, tally } = this.#options
    if (stamps) {
      const stamp = this.#stampAfter(data, start)
      stamps.add(stamp)
      if (tally.add(1)) this.#sample(stamp)
      return
    }
    const isSampled = this.#options.tally.add(isArray ? eventsIn(data, start, end) : 1)
    if (isSampled) this.#sampleText(data, start)
  }

  #takeSocketIo(data: Buffer, start: number, end: number): void {
    if (data[start] === TWO) return this.#send('3')
    if (data[start] !== FOUR) return
    if (data[start + 1] !== TWO) return this.#send(`42${JSON.stringify(['subscribe', this.#options.symbols])}`)
    if (data.indexOf(COMMA_CODE, start) >= end || data.indexOf(COMMA_CODE, start) < 0) return this.#onSubscribed()
    if (this.#options.tally.add(1)) this.#sampleText(data, start)
  }

  #sampleText(data: Buffer, start: number): void {
    this.#sample(this.#stampAfter(data, start))
  }

  /** Events of one kind mostly have their stamp in one place. */
  #stampAfter(data: Buffer, start: number): number {
    const marker = this.#marker
    const expected = start + this.#markerAt
    const last = marker.length - 1
    const isThere =
      data[expected] === marker[0] && data[expected + 1] === marker[1] && data[expected + last] === marker[last]
    const markerAt = isThere ? expected : data.indexOf(marker, start)
    this.#markerAt = markerAt - start
    let stamp = 0
    for (let at = markerAt + marker.length, end = at + STAMP_DIGITS; at < end; at++)
      stamp = stamp * 10 + data[at]! - ZERO
    return stamp
  }

  #sample(stamp: number): void {
    this.#options.tally.latenciesUs.push(this.#now() - stamp)
  }

  #send(text: string): void {
    this.#write(TEXT, Buffer.from(text))
  }

  /** A mask of zeros is a mask. */
  #write(opcode: number, payload: Buffer): void {
    const head =
      payload.length < 126
        ? Buffer.from([opcode, 0x80 | payload.length, 0, 0, 0, 0])
        : Buffer.from([opcode, 0xfe, payload.length >> 8, payload.length & 0xff, 0, 0, 0, 0])
    this.socket.write(Buffer.concat([head, payload]))
  }
}

/** Servers of loads take any token. */
const pathOf = ({ pathname, search }: URL): string => `${pathname}${search || '?token=load'}`

/** Each event of an array ends with its cursor. */
function eventsIn(data: Buffer, start: number, end: number): number {
  let count = 0
  for (let at = data.indexOf(CURSOR, start); at >= 0 && at < end; at = data.indexOf(CURSOR, at + CURSOR.length)) count++
  return count
}
