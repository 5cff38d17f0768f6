import { setTimeout as delay } from 'node:timers/promises'
import { WebSocket } from 'ws'
import type { Trade } from '../../src/market/trade.ts'
import type { Frame } from '../support/live-client.ts'

const AGAIN_AFTER_MS = 100

export type ResumingClientOptions = {
  /** Where the API is now. */
  readonly url: () => string
  readonly key: string
  readonly symbols: readonly string[]
}

/** Follows trades whatever happens: it comes back with its newest cursor whenever the connection ends. */
export class ResumingClient {
  /** By symbol, trade date and id. */
  readonly trades = new Map<string, Trade>()
  /** Trades that came as events more than once. */
  readonly doubled: Trade[] = []
  readonly gaps: Frame[] = []
  connections = 0
  readonly #options: ResumingClientOptions
  readonly #told = new Set<string>()
  #cursor: string | undefined
  #socket: WebSocket | undefined
  #isLeaving = false

  constructor(options: ResumingClientOptions) {
    this.#options = options
    this.#connect()
  }

  /** The newest instant (epoch ms) that was told of every symbol; -Infinity before there is one. */
  get until(): number {
    const { symbols } = this.#options
    const newest = new Map<string, number>(symbols.map((symbol) => [symbol, -Infinity]))
    for (const { symbol, asOf } of this.trades.values()) {
      newest.set(symbol, Math.max(newest.get(symbol)!, Date.parse(asOf)))
    }
    return Math.min(...newest.values())
  }

  leave(): void {
    this.#isLeaving = true
    this.#socket?.terminate()
  }

  #connect(): void {
    const { url, key, symbols } = this.#options
    const address = `${url().replace('http', 'ws')}/api/v1/market/ws/stock-quotes`
    const socket = new WebSocket(address, { headers: { authorization: `Bearer ${key}` } })
    this.#socket = socket
    this.connections++
    socket.on('error', () => undefined)
    socket.on('close', () => void this.#comeBack())
    socket.on('open', () => {
      const since = this.#cursor
      const data = { type: 'stock_quotes', stream: 'trades', symbols, ...(since !== undefined && { since }) }
      socket.send(JSON.stringify({ type: 'subscribe', data }))
    })
    socket.on('message', (data: Buffer) => {
      if (socket.readyState === WebSocket.OPEN) this.#read(JSON.parse(data.toString()) as Frame)
    })
  }

  async #comeBack(): Promise<void> {
    await delay(AGAIN_AFTER_MS)
    if (!this.#isLeaving) this.#connect()
  }

  #read(frame: Frame): void {
    const { type, data, cursor } = frame
    if (type === 'trade') this.#take(data['trade'] as Trade)
    // What it shows came before, or is the newest there is.
    if (type === 'snapshot') for (const trade of (data['trades'] ?? []) as Trade[]) this.trades.set(keyOf(trade), trade)
    if (type === 'gap') this.gaps.push(frame)
    if (type === 'error') return this.#refused(data)
    if (cursor !== undefined) this.#cursor = cursor
  }

  #take(trade: Trade): void {
    const key = keyOf(trade)
    if (this.#told.has(key)) this.doubled.push(trade)
    this.#told.add(key)
    this.trades.set(key, trade)
  }

  /** What could not be replayed is asked for again from where it ended. */
  #refused({ details }: Frame['data']): void {
    this.#cursor = (details as { since?: string } | undefined)?.since ?? this.#cursor
    this.#socket?.terminate()
  }
}

const keyOf = ({ symbol, tradeDate, tradeId }: Trade): string => `${symbol} ${tradeDate} ${tradeId}`
