import type { WebSocket } from 'ws'
import { MINUTE_MS, SECOND_MS } from '../../../market/time.ts'
import { cryptoPair } from '../../../market/symbol.ts'
import type { Scenario } from '../../scenarios.ts'
import type { Instrument } from '../../universe/instrument.ts'
import type { StreamContext, StreamRequest, StreamVendor } from '../stream-vendor.ts'
import { Tape, type TapeBar } from '../tape.ts'
import { MassiveConnection, type Entitlement } from './connection.ts'
import {
  bandMessage,
  barMessage,
  coinBarMessage,
  coinQuoteMessage,
  coinTradeMessage,
  lateTradeMessage,
  listingOf,
  quoteMessage,
  tradeMessage
} from './messages.ts'

/** `free` has a plan with bars alone, as the vendor's cheap ones are. */
const FREE_KEY = 'free'
const WRONG_KEY = 'wrong'
const BAND = 0.05
const LATE_MS = 2 * MINUTE_MS
/** Indicators of price bands. */
const BAND_INDICATOR = 16
const HALTED = 17
const RESUMED = 18

type Cluster = {
  readonly channels: readonly string[]
  /** Which of them a plan for bars has. */
  readonly bars: readonly string[]
  readonly delayMs: number
}
const STOCKS = { channels: ['T', 'Q', 'A', 'AM', 'LULD', 'NOI'], bars: ['A', 'AM'] }
const CRYPTO = { channels: ['XT', 'XQ', 'XA', 'XAS'], bars: ['XA', 'XAS'] }
/** Behind the vendor's other host everything comes a quarter of an hour late; here that host is a path. */
const CLUSTERS: Readonly<Record<string, Cluster>> = {
  '/stocks': { ...STOCKS, delayMs: 0 },
  '/crypto': { ...CRYPTO, delayMs: 0 },
  '/delayed/stocks': { ...STOCKS, delayMs: 15 * MINUTE_MS },
  '/delayed/crypto': { ...CRYPTO, delayMs: 15 * MINUTE_MS }
}
/** Sold to nobody here. */
const IMBALANCES = 'NOI'

type Client = { readonly connection: MassiveConnection; readonly path: string }

/** Massive's clusters of shares and coins: of two connections with one key on a cluster the older one is ended. */
export function massiveStream({ exchange, tickMs, troubles }: StreamContext): StreamVendor {
  const tape = new Tape(exchange, tickMs)
  const clients = new Set<Client>()
  let lastTick = exchange.now()
  let isDead = false
  const timer = setInterval(tick, tickMs)

  function tick(): void {
    const at = exchange.now()
    // A timer that comes twice within a tick must not use up a scenario that holds for one.
    if (at === lastTick) return
    const active = troubles()
    const has = (kind: Scenario['scenario']) => active.some(({ scenario }) => scenario === kind)
    isDead = has('half_open')
    if (has('down') || has('slow_client')) for (const { connection } of clients) connection.drop()
    if (has('evicted')) for (const { connection } of clients) connection.evict()
    // Ticks that a busy process missed are told now: a tape has no holes.
    const first = Math.max(lastTick + tickMs, at - MINUTE_MS)
    for (let each = first; each <= at; each += tickMs) {
      if (!has('mute')) for (const client of clients) tell(client, each, active)
    }
    lastTick = at
  }

  function tell({ connection, path }: Client, at: number, active: readonly Scenario[]): void {
    const instant = at - CLUSTERS[path]!.delayMs
    const messages = [...instruments(connection, path)].flatMap((instrument) =>
      cryptoPair(instrument.symbol)
        ? coinMessages(connection, instrument, instant)
        : shareMessages(connection, instrument, instant, active)
    )
    connection.send(messages)
  }

  function shareMessages(
    connection: MassiveConnection,
    instrument: Instrument,
    at: number,
    active: readonly Scenario[]
  ): string[] {
    const { symbol: ticker } = instrument
    const listing = listingOf(instrument)
    const trade = listing && tape.trade(instrument, at)
    if (!trade) return []
    const messages: string[] = []
    const on = (channel: string) => connection.isSubscribed(channel, ticker)
    const isAbout = ({ symbol }: Scenario) => symbol === undefined || symbol === ticker
    const has = (kind: Scenario['scenario']) => active.some((each) => each.scenario === kind && isAbout(each))
    if (on('T')) {
      messages.push(tradeMessage(ticker, listing, trade))
      if (has('late_trade')) messages.push(lateTradeMessage(ticker, listing, trade, LATE_MS))
    }
    const quote = on('Q') ? tape.quote(instrument, at) : undefined
    if (quote) messages.push(quoteMessage(ticker, listing, quote))
    const day = on('A') || on('AM') ? tape.day(instrument, at) : undefined
    const second = day && on('A') ? secondBefore(instrument, at) : undefined
    if (second) messages.push(barMessage('A', ticker, second, SECOND_MS, day!))
    const minute = day && on('AM') && isFirstOf(MINUTE_MS, at) ? tape.minuteBefore(instrument, at) : undefined
    if (minute) messages.push(barMessage('AM', ticker, minute, MINUTE_MS, day!))
    if (on('LULD')) {
      const band = { h: round(trade.price * (1 + BAND)), l: round(trade.price * (1 - BAND)) }
      if (isFirstOf(MINUTE_MS, at)) messages.push(bandMessage(ticker, listing.z, band, BAND_INDICATOR, trade))
      // The vendor tells these of shares listed at Nasdaq only.
      const isNasdaq = instrument.venue === 'nasdaq'
      if (isNasdaq && has('halt')) messages.push(bandMessage(ticker, listing.z, band, HALTED, trade))
      if (isNasdaq && has('resume')) messages.push(bandMessage(ticker, listing.z, band, RESUMED, trade))
    }
    return messages
  }

  function coinMessages(connection: MassiveConnection, instrument: Instrument, at: number): string[] {
    const { symbol: pair } = instrument
    const messages: string[] = []
    const on = (channel: string) => connection.isSubscribed(channel, pair)
    const trade = on('XT') ? tape.trade(instrument, at) : undefined
    if (trade) messages.push(coinTradeMessage(pair, trade))
    const quote = on('XQ') ? tape.quote(instrument, at) : undefined
    if (quote) messages.push(coinQuoteMessage(pair, quote))
    const second = on('XAS') ? secondBefore(instrument, at) : undefined
    if (second) messages.push(coinBarMessage('XAS', pair, second, SECOND_MS))
    const minute = on('XA') && isFirstOf(MINUTE_MS, at) ? tape.minuteBefore(instrument, at) : undefined
    if (minute) messages.push(coinBarMessage('XA', pair, minute, MINUTE_MS))
    return messages
  }

  /** The second that ended with this tick, of the trades in it; undefined in the middle of one. */
  function secondBefore(instrument: Instrument, at: number): TapeBar | undefined {
    if (!isFirstOf(SECOND_MS, at)) return undefined
    const start = Math.floor(at / SECOND_MS) * SECOND_MS - SECOND_MS
    let bar: { start: number; open: number; high: number; low: number; close: number; volume: number } | undefined
    for (let each = Math.ceil(start / tickMs) * tickMs; each < start + SECOND_MS; each += tickMs) {
      const trade = tape.trade(instrument, each)
      if (!trade) continue
      const { price, size } = trade
      bar ??= { start, open: price, high: price, low: price, close: price, volume: 0 }
      bar.high = Math.max(bar.high, price)
      bar.low = Math.min(bar.low, price)
      bar.close = price
      bar.volume += size
    }
    return bar
  }

  const isFirstOf = (lengthMs: number, at: number): boolean => at % lengthMs < tickMs

  function entitlementOf(path: string, key: string, channel: string): Entitlement {
    const { channels, bars } = CLUSTERS[path]!
    if (!channels.includes(channel)) return 'not_published'
    const isSold = channel !== IMBALANCES && (key !== FREE_KEY || bars.includes(channel))
    return isSold ? 'allowed' : 'not_in_plan'
  }

  return {
    knows: (path) => Object.hasOwn(CLUSTERS, path),
    connected(socket: WebSocket, { path }: StreamRequest) {
      const connection: MassiveConnection = new MassiveConnection({
        socket,
        admits: (key) => key !== '' && key !== WRONG_KEY,
        authenticated: (newcomer) => evictOthers(newcomer, path),
        entitlementOf: (key, channel) => entitlementOf(path, key, channel),
        isDead: () => isDead
      })
      const client = { connection, path }
      clients.add(client)
      socket.on('close', () => clients.delete(client))
      socket.on('ping', (data) => isDead || socket.pong(data))
    },
    close() {
      clearInterval(timer)
      for (const { connection } of clients) connection.drop()
    }
  }

  function evictOthers(newcomer: MassiveConnection, path: string): void {
    for (const { connection, path: other } of clients) {
      if (connection !== newcomer && other === path && connection.key === newcomer.key) connection.evict()
    }
  }

  /** What a connection has subscribed to; `*` is everything that its cluster has. */
  function instruments(connection: MassiveConnection, path: string): Set<Instrument> {
    const { tickers } = connection
    if (tickers.has('*')) return new Set(exchange.instruments.filter((each) => isOfCluster(each, path)))
    return new Set([...tickers].flatMap((ticker) => exchange.find(ticker) ?? []))
  }
}

const isOfCluster = ({ symbol }: Instrument, path: string): boolean =>
  (cryptoPair(symbol) !== undefined) === path.endsWith('crypto')

const round = (price: number): number => Math.round(price * 100) / 100
