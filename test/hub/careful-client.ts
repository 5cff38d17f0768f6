import { Compile } from 'typebox/compile'
import { WebSocket } from 'ws'
import { asyncApi } from '../../src/hub/async-api.ts'
import type { Current } from '../../src/hub/protocol.ts'
import { parseCursor } from '../../src/log/cursor.ts'
import type { Position } from '../../src/log/position.ts'
import { comparePositions } from '../../src/log/positions.ts'
import type { Quote } from '../../src/market/quote.ts'
import type { Frame } from '../support/live-client.ts'

export type Options = { conflateMs?: number; batch?: boolean; fields?: 'all' | 'changed' }

const SHAPES = new Map(
  Object.entries(asyncApi.components.messages).map(([name, { payload }]) => [name, Compile(payload as never)])
)
const HISTORY = ['trades', 'bars.1m']
const RESUMING = 'resuming'
const SETTLED: Current = { channels: [], streams: {} }

/**
 * A client as docs/websocket.md tells to write one: it lays changes over what it holds, keeps the newest cursor of each
 * stream, and comes back with it whenever a connection ends. It notes everything that it should not have been sent.
 */
export class CarefulClient {
  readonly wrongs: string[] = []
  readonly quotes = new Map<string, Record<string, unknown>>()
  /** The newest number of each trade and bar, by stream and symbol. */
  readonly history = new Map<string, number>()
  /** The newest value of the channel sectors. */
  sectors: string | undefined
  current: Current = SETTLED
  /** Whether it is connected and everything that it asked for was answered. */
  isSettled = false
  /** The frame after so many more ends the connection, unread. */
  cutAfter = Infinity
  #isLeaving = false
  readonly #urls: readonly string[]
  #connections = 0
  readonly #binary: boolean
  readonly #topics = new Map<number, { stream: string; symbol: string }>()
  readonly #cursors = new Map<string, string>()
  /** Where this connection is. Another process may be a moment behind the one before. */
  readonly #reached = new Map<string, Position>()
  readonly #shards: number
  #options: Options = {}
  #asked = 0
  #socket: WebSocket | undefined

  /** Takes the next address each time it connects. */
  constructor(urls: readonly string[], binary: boolean, shards: number) {
    this.#urls = urls
    this.#shards = shards
    this.#binary = binary
    this.#connect()
  }

  subscribe(stream: string, symbols: readonly string[], options: Options = {}): void {
    if (!this.#isOpen) return
    this.#options = { ...this.#options, ...options }
    this.#ask('subscribe', { ...this.#subjects(stream, symbols), ...options })
  }

  unsubscribe(stream: string, symbols: readonly string[] | undefined): void {
    if (this.#isOpen) this.#ask('unsubscribe', this.#subjects(stream, symbols))
  }

  renewToken(): void {
    if (this.#isOpen) this.#socket!.send(JSON.stringify({ type: 'auth', data: { token: 'ann' } }))
  }

  pause(): void {
    if (this.#isOpen) this.#socket!.pause()
  }

  read(): void {
    if (this.#isOpen) this.#socket!.resume()
  }

  cut(): void {
    this.#socket?.terminate()
  }

  /** For good. */
  leave(): void {
    this.#isLeaving = true
    this.cut()
  }

  get #isOpen(): boolean {
    return this.#socket?.readyState === WebSocket.OPEN
  }

  #subjects(stream: string, names: readonly string[] | undefined): object {
    return stream === 'channels'
      ? { type: 'market_data', ...(names && { channels: names }) }
      : { type: 'stock_quotes', stream, ...(names && { symbols: names }) }
  }

  #ask(type: string, data: object, id?: string): void {
    this.isSettled = false
    this.#asked++
    this.#socket!.send(JSON.stringify({ type, data, ...(id !== undefined && { id }) }))
  }

  #connect(): void {
    const url = this.#urls[this.#connections++ % this.#urls.length]!
    const socket = new WebSocket(url, this.#binary ? ['quotewire.binary'] : [])
    this.#socket = socket
    this.#asked = 0
    this.isSettled = false
    this.#topics.clear()
    this.#reached.clear()
    this.cutAfter = Infinity
    socket.on('open', () => this.#comeBack())
    socket.on('error', () => undefined)
    socket.on('close', () => {
      if (!this.#isLeaving) this.#connect()
    })
    socket.on('message', (data: Buffer, isBinary) => {
      if (socket.readyState !== WebSocket.OPEN) return
      if (--this.cutAfter < 0) return socket.terminate()
      if (isBinary) this.#readRecords(data)
      else for (const frame of [JSON.parse(data.toString()) as Frame | Frame[]].flat()) this.#readFrame(frame)
    })
  }

  /** One frame with `since` for each stream; what nothing is known of yet is asked for afterwards. */
  #comeBack(): void {
    const { channels, streams } = this.current
    const wanted = Object.entries({ ...streams, channels }).filter(([, names]) => names.length > 0)
    this.isSettled = wanted.length === 0
    const later: [string, string[]][] = []
    for (const [stream, names] of wanted) {
      const since = this.#cursors.get(stream)
      const known = since === undefined ? [] : names.filter((name) => this.#knows(stream, name))
      const unknown = names.filter((name) => !known.includes(name))
      if (known.length > 0) {
        this.#ask('subscribe', { ...this.#subjects(stream, known), since, ...this.#options }, RESUMING)
      }
      if (unknown.length > 0) later.push([stream, unknown])
    }
    for (const [stream, names] of later) this.#ask('subscribe', { ...this.#subjects(stream, names), ...this.#options })
    this.current = SETTLED
  }

  #knows(stream: string, name: string): boolean {
    if (stream === 'channels') return this.sectors !== undefined
    return stream === 'quotes' ? this.quotes.has(name) : this.history.has(`${stream}:${name}`)
  }

  #keep(stream: string, cursor: string, what: string): void {
    this.#cursors.set(stream, cursor)
    for (const { at } of parseCursor(cursor, this.#shards)!) {
      const place = `${stream} ${at.shard}`
      const reached = this.#reached.get(place)
      if (reached && comparePositions(at, reached) < 0) this.#wrong(`the cursor of ${stream} went back: ${what}`)
      this.#reached.set(place, at)
    }
  }

  #readFrame(frame: Frame): void {
    const { type, data, cursor } = frame
    const shape = SHAPES.get(type === 'quote_update' && 'changed' in data ? 'quote_change' : type)
    if (!shape?.Check(frame)) this.#wrong(`not in /asyncapi.json: ${JSON.stringify(frame)}`)
    if (type === 'subscribed' || type === 'unsubscribed') this.#readAnswer(frame)
    if (type === 'snapshot') this.#readSnapshot(data)
    if (type === 'quote_update') this.#readQuote(data)
    if (type === 'trade') this.#readNumber('trades', data['symbol'] as string, (data['trade'] as Quote).price)
    if (type === 'bar_update') this.#readNumber('bars.1m', data['symbol'] as string, (data['bar'] as Bar).close)
    if (type === 'sectors_update') this.#readSectors(data)
    if (type === 'error' || type === 'gap') this.#wrong(JSON.stringify(frame))
    if (cursor !== undefined) this.#keep(streamOf(frame), cursor, JSON.stringify(frame))
  }

  #readAnswer({ type, id, data }: Frame): void {
    if (--this.#asked === 0) this.isSettled = true
    const stream = data['stream'] as string | undefined
    const held = new Set(stream === undefined ? this.current.channels : this.current.streams[stream])
    if (type === 'unsubscribed') {
      for (const name of data['removed'] as string[]) {
        held.delete(name)
        if (stream !== undefined) this.#forget(stream, name)
      }
    } else {
      for (const { symbol, channel, topic } of data['accepted'] as AcceptedName[]) {
        const isNew = !held.has(symbol ?? channel!)
        held.add(symbol ?? channel!)
        if (stream === undefined || symbol === undefined) continue
        if (topic !== undefined) this.#topics.set(topic, { stream, symbol })
        if (isNew && id !== RESUMING) this.#forget(stream, symbol)
      }
    }
    const { channels, streams } = this.current
    this.current =
      stream === undefined
        ? { channels: [...held], streams }
        : { channels, streams: { ...streams, [stream]: [...held] } }
    const count = [this.current.channels, ...Object.values(this.current.streams)].flat().length
    if (data['count'] !== count) this.#wrong(`${String(data['count'])} subscriptions where ${count} are known`)
  }

  #forget(stream: string, symbol: string): void {
    if (stream === 'quotes') this.quotes.delete(symbol)
    else this.history.delete(`${stream}:${symbol}`)
  }

  #readSnapshot(data: Frame['data']): void {
    for (const quote of (data['quotes'] ?? []) as Quote[]) this.#holdQuote(quote.symbol, quote, 'snapshot')
    for (const trade of (data['trades'] ?? []) as Quote[]) this.#startAt('trades', trade.symbol, trade.price)
    for (const { symbol, bar } of (data['bars'] ?? []) as { symbol: string; bar: Bar }[]) {
      this.#startAt('bars.1m', symbol, bar.close)
    }
    if (data['channel'] === 'sectors') this.#readSectors((data['values'] as object[])[0]!)
  }

  #readQuote(data: Frame['data']): void {
    const symbol = data['symbol'] as string
    if (data['quote']) return this.#holdQuote(symbol, data['quote'], 'update')
    const quote: Record<string, unknown> = { ...this.quotes.get(symbol), ...(data['changed'] as Partial<Quote>) }
    for (const field of (data['removed'] ?? []) as string[]) delete quote[field]
    this.#holdQuote(symbol, quote, 'update')
  }

  #holdQuote(symbol: string, quote: Partial<Quote>, what: 'snapshot' | 'update'): void {
    if (!this.current.streams['quotes']?.includes(symbol)) this.#wrong(`a quote of ${symbol}, which is not subscribed`)
    const before = (this.quotes.get(symbol)?.['price'] ?? 0) as number
    const isNext = what === 'update' ? quote.price! > before : quote.price! >= before
    if (!isNext) this.#wrong(`${what} of ${symbol} at ${quote.price} after ${before}`)
    this.quotes.set(symbol, quote)
  }

  #readNumber(stream: string, symbol: string, number: number): void {
    if (!this.current.streams[stream]?.includes(symbol)) this.#wrong(`${stream} of ${symbol}, not subscribed`)
    const before = this.history.get(`${stream}:${symbol}`)
    if (before !== undefined && number !== before + 1) this.#wrong(`${stream} ${number} of ${symbol} after ${before}`)
    this.history.set(`${stream}:${symbol}`, number)
  }

  /** What a snapshot shows was there before, or is the newest that came. */
  #startAt(stream: string, symbol: string, number: number): void {
    const before = this.history.get(`${stream}:${symbol}`)
    if (before !== undefined && number !== before) this.#wrong(`snapshot of ${stream} ${number} after ${before}`)
    this.history.set(`${stream}:${symbol}`, number)
  }

  #readSectors(data: object): void {
    this.sectors = JSON.stringify(data)
  }

  #readRecords(message: Buffer): void {
    const headBytes = message.readUInt16LE(2)
    const cursor = message.toString('latin1', 4, headBytes).replaceAll('\0', '')
    const streams = new Set<string>()
    for (let offset = headBytes; offset < message.length;) {
      const subject = this.#topics.get(message.readUInt32LE(offset))
      const kind = message[offset + 4] as 1 | 2 | 3
      const price = message.readDoubleLE(offset + (kind === 3 ? 40 : 16))
      offset += { 1: 48, 2: 32, 3: 56 }[kind]
      if (!subject) {
        this.#wrong('a record of an unknown topic')
        continue
      }
      const { stream, symbol } = subject
      streams.add(stream)
      if (HISTORY.includes(stream)) this.#readNumber(stream, symbol, price)
      else this.#holdQuote(symbol, { symbol, price }, 'update')
    }
    for (const stream of streams) this.#keep(stream, cursor, 'records')
  }

  #wrong(what: string): void {
    if (this.wrongs.length < 5) this.wrongs.push(what.slice(0, 400))
  }
}

type Bar = { close: number }
type AcceptedName = { symbol?: string; channel?: string; topic?: number }

function streamOf({ type, data }: Frame): string {
  if (type === 'quote_update') return 'quotes'
  if (type === 'trade') return 'trades'
  if (type === 'bar_update') return `bars.${String(data['interval'])}`
  return (data['stream'] as string | undefined) ?? 'channels'
}
