import type { WebSocket } from 'ws'
import { MINUTE_MS } from '../../../market/time.ts'
import type { RequestMode } from '../../../streams/upstox/wire/market-data-feed_pb.js'
import type { Scenario } from '../../scenarios.ts'
import type { Account } from '../../vendors/upstox/accounts.ts'
import type { StreamContext, StreamRequest, StreamVendor } from '../stream-vendor.ts'
import { UpstoxConnection } from './connection.ts'
import { UpstoxListing } from '../../vendors/upstox/listing.ts'
import { feedOf, feedsFrame, marketInfoFrame, type FeedInit, type OpenMarkets } from './messages.ts'

const PATH = '/feeds'
const FORBIDDEN = 403
/** Of one user at a time. */
const CONNECTIONS = { basic: 2, plus: 5 }
const INDEX = '^NSEI'
const COMMODITY = { venue: 'commodities' } as const

/** Upstox' market data feed: shares, indices, contracts and commodities of India, as frames of what changed. */
export function upstoxStream({ exchange, tickMs, troubles, upstoxAccounts }: StreamContext): StreamVendor {
  const clients = new Set<UpstoxConnection>()
  /** Whose address was taken, until the connection is made. */
  const admitted = new WeakMap<StreamRequest, Account>()
  const listing = new UpstoxListing(exchange)
  const openAt = (at: number): OpenMarkets => ({
    stocks: exchange.calendar(exchange.find(INDEX)!).phaseAt(at) === 'regular',
    commodities: exchange.calendar(COMMODITY).phaseAt(at) === 'regular'
  })
  let lastTick = exchange.now()
  let open = openAt(lastTick)
  let isDead = false
  const timer = setInterval(tick, tickMs)

  function tick(): void {
    const at = exchange.now()
    // A timer that comes twice within a tick must not use up a scenario that holds for one.
    if (at === lastTick) return
    const active = troubles()
    const has = (kind: Scenario['scenario']) => active.some(({ scenario }) => scenario === kind)
    isDead = has('half_open')
    if (has('down') || has('slow_client')) for (const client of clients) client.drop()
    for (const client of clients) if ((client.account.until ?? Infinity) <= at) client.end()
    const before = open
    open = openAt(at)
    const hasChanged = before.stocks !== open.stocks || before.commodities !== open.commodities
    // Ticks that a busy process missed are told now, so that the volumes of the day are told all the same.
    const first = Math.max(lastTick + tickMs, at - MINUTE_MS)
    for (let each = first; each <= at && !has('mute'); each += tickMs) {
      for (const client of clients) tell(client, client.modes.keys(), each, false)
    }
    if (hasChanged) for (const client of clients) client.send(marketInfoFrame(open, at))
    lastTick = at
  }

  function tell(client: UpstoxConnection, keys: Iterable<string>, at: number, isSnapshot: boolean): void {
    const feeds: Record<string, FeedInit> = {}
    for (const key of keys) {
      const listed = listing.find(key)
      // A contract that expired is told of no more.
      const feed = listed && feedOf(listed, client.modes.get(key)!, { at, tickMs, isSnapshot })
      if (feed) feeds[key] = feed
    }
    if (Object.keys(feeds).length > 0) client.send(feedsFrame(feeds, at, isSnapshot))
  }

  const ofUser = (user: string) => [...clients].filter(({ account }) => account.user === user)

  function heldBy(user: string): Map<RequestMode, number> {
    const held = new Map<RequestMode, number>()
    for (const { modes } of ofUser(user)) for (const mode of modes.values()) held.set(mode, (held.get(mode) ?? 0) + 1)
    return held
  }

  return {
    knows: (path) => path === PATH,
    refuses(request) {
      const account = upstoxAccounts.take(request.query.get('code') ?? '')
      if (!account || ofUser(account.user).length >= CONNECTIONS[account.isPlus ? 'plus' : 'basic']) return FORBIDDEN
      admitted.set(request, account)
      return undefined
    },
    connected(socket: WebSocket, request: StreamRequest) {
      const client = new UpstoxConnection({
        socket,
        account: admitted.get(request)!,
        knows: (key) => listing.find(key) !== undefined,
        heldBy,
        subscribed: (connection, keys) => tell(connection, keys, lastTick, true),
        isDead: () => isDead
      })
      clients.add(client)
      socket.on('close', () => clients.delete(client))
      socket.on('ping', (data) => isDead || socket.pong(data))
      client.send(marketInfoFrame(open, lastTick))
    },
    close() {
      clearInterval(timer)
      for (const client of clients) client.drop()
    }
  }
}
