import type {
  BarSizeSetting,
  Contract,
  IBApi,
  MarketDataType,
  OptionType,
  PriceIncrement,
  SecType,
  WhatToShow
} from '@stoqey/ib'
import { isoOf } from '../../market/time.ts'
import type { Endpoint } from '../feed.ts'
import type { Frame } from '../mapper.ts'
import type { OpenSocket, SocketEvents, UpstreamSocket } from '../socket.ts'
import { ContractBook } from './contract-book.ts'
import { TwsLine } from './line.ts'
import {
  messagesFrame,
  readRequest,
  type ContractQuery,
  type TwsBar,
  type TwsMessage,
  type TwsRequest
} from './wire.ts'

/** TWS takes 50 messages a second, and cuts off who sends more again and again. */
const MAX_MESSAGES_PER_SECOND = 40
/** Trades with their instants and the day's volume. */
const GENERIC_TICKS = '233'
/** As the library numbers what goes wrong on this side. */
const CONNECT_FAILED = 502
/** How bars within a day say when they begin. */
const EPOCH_SECONDS = 2
/** The codes that a connection ends with beside those of TWS and its library. */
export const CLOSED = 1006
export const UNREADABLE = 4011

/** What a request is answered with comes all the same. */
export const isWarning = (code: number): boolean => code >= 2100 && code < 3000

/** Where TWS is, and as which of its clients. */
export function twsEndpoint({ host, port, clientId }: { host: string; port: number; clientId: number }): Endpoint {
  return { url: `tws://${host.includes(':') ? `[${host}]` : host}:${port}/${clientId}`, headers: {} }
}

type Library = {
  readonly SecType: typeof SecType
  readonly OptionType: typeof OptionType
  readonly MarketDataType: typeof MarketDataType
  readonly BarSizeSetting: typeof BarSizeSetting
  readonly WhatToShow: typeof WhatToShow
}
type Session = { readonly api: IBApi; readonly library: Library }

/** The parts of the library that it keeps to itself. Its version is pinned, and tests read through it. */
type Inside = { readonly controller: { readonly socket: { onData(data: Buffer): void } } }

/**
 * Connects to TWS or IB Gateway through `@stoqey/ib`, which is known here alone. A frame holds what came in one piece, as a
 * list of TwsMessage, and what is sent is a TwsRequest; a ping asks for the time.
 */
export const openTws: OpenSocket = (endpoint, events) => new TwsSocket(endpoint, events)

class TwsSocket implements UpstreamSocket {
  readonly #events: SocketEvents
  #session: Session | undefined
  #isOver = false
  #isReady = false
  #isReading = false
  readonly #lines = new Map<number, TwsLine>()
  readonly #contracts = new ContractBook()
  /** Answers that are coming in. */
  readonly #bars = new Map<number, TwsBar[]>()
  #out: TwsMessage[] = []

  constructor(endpoint: Endpoint, events: SocketEvents) {
    this.#events = events
    void this.#connect(new URL(endpoint.url))
  }

  send(frame: Frame): void {
    if (!this.#isOver && this.#session) this.#ask(this.#session, readRequest(frame))
  }

  ping(): void {
    if (!this.#isOver) this.#session?.api.reqCurrentTime()
  }

  drop(): void {
    this.#isOver = true
    this.#session?.api.disconnect()
  }

  /** Never rejects. The library is big, and few installations need it. */
  async #connect({ hostname, port, pathname }: URL): Promise<void> {
    const library = await import('@stoqey/ib')
    if (this.#isOver) return
    const host = hostname.replaceAll(/[[\]]/g, '')
    const clientId = Number(pathname.slice(1))
    const { IBApi, EventName } = library
    const api = new IBApi({ host, port: Number(port), clientId, maxReqPerSec: MAX_MESSAGES_PER_SECOND })
    this.#session = { api, library }
    const line = (id: number) => this.#lines.get(id)
    api
      .on(EventName.server, (version) => {
        if (!this.#isOver) this.#events.opened()
        this.#say({ tell: 'greeted', serverVersion: version })
      })
      .on(EventName.nextValidId, () => this.#ready())
      .on(EventName.currentTime, () => this.#isOver || this.#events.ponged())
      .on(EventName.marketDataType, (id, type) => line(id)?.dataType(type))
      .on(EventName.tickReqParams, (id) => line(id)?.isThere())
      .on(EventName.tickPrice, (id, type, price) => line(id)?.price(type, price))
      .on(EventName.tickSize, (id, type, size) => line(id)?.size(type ?? -1, size))
      .on(EventName.tickString, (id, type, text) => line(id)?.text(type, text))
      .on(EventName.tickGeneric, (id, type, value) => line(id)?.number(type, value))
      .on(EventName.contractDetails, (id, details) => this.#contracts.found(id, details))
      .on(EventName.contractDetailsEnd, (id) => this.#found(id))
      .on(EventName.historicalData, (id, begins, open, high, low, close, volume) =>
        this.#bar(id, { begins, open, high, low, close, ...(volume >= 0 && { volume }) })
      )
      .on(EventName.marketRule, (rule, steps) => this.#ruled(rule, steps as PriceIncrement[]))
      .on(EventName.info, (text, code) => this.#failed(-1, code, text))
      .on(EventName.error, (error, code, id) => this.#failed(id, code, error.message))
      .on(EventName.disconnected, () => this.#end(CLOSED, ''))
    this.#guard(api)
    api.connect()
  }

  /** A message that the library cannot parse is thrown out of its socket, past everybody who could catch it. */
  #guard(api: IBApi): void {
    const { socket } = (api as unknown as Inside).controller
    const read = socket.onData.bind(socket)
    socket.onData = (data) => {
      this.#isReading = true
      try {
        read(data)
        this.#isReading = false
        this.#flush()
      } catch (error) {
        this.#isReading = false
        this.#end(UNREADABLE, (error as Error).message)
        api.disconnect()
      }
    }
  }

  #ask({ api, library }: Session, request: TwsRequest): void {
    switch (request.ask) {
      case 'contract':
        this.#contracts.asked(request.id, request.symbol)
        return void api.reqContractDetails(request.id, contractOf(request.query, library))
      case 'line':
        return this.#subscribe(api, request)
      case 'cancel':
        if (this.#lines.delete(request.id)) api.cancelMktData(request.id)
        // TWS answers no cancellation.
        return void setImmediate(() => this.#say({ tell: 'cancelled', id: request.id }))
      case 'forget':
        for (const id of request.ids) this.#lines.delete(id)
        return
      case 'delayed_too':
        return void api.reqMarketDataType(library.MarketDataType.DELAYED)
      case 'history':
        return this.#askHistory(api, library, request)
    }
  }

  #subscribe(api: IBApi, { id, conId, symbol, isDelayed }: TwsRequest & { ask: 'line' }): void {
    const known = this.#lines.get(id)
    if (known) {
      known.isThere()
      return void setImmediate(() => this.#flush())
    }
    this.#lines.set(id, new TwsLine(id, symbol, isDelayed))
    api.reqMktData(id, { conId, exchange: 'SMART' }, isDelayed ? '' : GENERIC_TICKS, false, false)
  }

  #askHistory(api: IBApi, library: Library, { id, query, until, duration, interval }: TwsRequest & { ask: 'history' }) {
    this.#bars.set(id, [])
    const contract = contractOf(query, library)
    const size = interval === '1d' ? library.BarSizeSetting.DAYS_ONE : library.BarSizeSetting.MINUTES_ONE
    const end = isoOf(until).slice(0, 19).replaceAll('-', '').replace('T', '-')
    api.reqHistoricalData(id, contract, end, duration, size, library.WhatToShow.TRADES, 0, EPOCH_SECONDS, false)
  }

  /** The library tells the end of an answer as one more bar. */
  #bar(id: number, bar: TwsBar): void {
    const bars = this.#bars.get(id)
    if (!bars) return
    if (!bar.begins.startsWith('finished')) return void bars.push(bar)
    this.#bars.delete(id)
    this.#say({ tell: 'history', id, bars })
  }

  /** TWS drops what is asked of it before it has told this number; it may tell it again. */
  #ready(): void {
    if (this.#isReady) return
    this.#isReady = true
    this.#say({ tell: 'ready' })
  }

  #found(id: number): void {
    const { message, rules } = this.#contracts.ended(id)
    for (const rule of rules) this.#session?.api.reqMarketRule(rule)
    if (message) this.#say(message)
  }

  #ruled(rule: number, steps: readonly PriceIncrement[]): void {
    const sizes = steps.map(({ lowEdge: from, increment: size }) => ({ from, size }))
    this.#say(
      ...this.#contracts.ruled(
        rule,
        sizes.filter(({ size }) => size > 0)
      )
    )
  }

  #failed(id: number, code: number, text: string): void {
    // Nothing was connected, or nothing is any more, and TWS says nothing more.
    if (code === CONNECT_FAILED) return this.#end(code, text)
    if (!isWarning(code)) {
      this.#contracts.failed(id)
      this.#bars.delete(id)
    }
    this.#say({ tell: 'problem', id, code, text })
  }

  #say(...messages: readonly TwsMessage[]): void {
    this.#out.push(...messages)
    if (!this.#isReading) this.#flush()
  }

  #flush(): void {
    const messages = [...this.#out, ...[...this.#lines.values()].flatMap((line) => line.take())]
    this.#out = []
    if (messages.length > 0 && !this.#isOver) this.#events.received(messagesFrame(messages))
  }

  #end(code: number, reason: string): void {
    if (this.#isOver) return
    this.#isReading = false
    // What was said last says why.
    this.#flush()
    if (this.#isOver) return
    this.#isOver = true
    this.#events.ended(code, reason)
  }
}

function contractOf({ secType, right, ...query }: ContractQuery, library: Library): Contract {
  const { Call, Put } = library.OptionType
  return { ...query, secType: library.SecType[secType], ...(right && { right: right === 'C' ? Call : Put }) }
}
