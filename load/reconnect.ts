import { pino } from 'pino'
import { createLog } from '../src/log/log.ts'
import { connectFailFast, ready } from '../src/redis/connections.ts'
import { UNIVERSE } from '../src/sandbox/universe/universe.ts'
import { ask } from './conversation.ts'
import { measureRound } from './http-load.ts'
import { publishAtPace } from './pace.ts'
import { startServer, type Server } from './processes.ts'
import type { Balance, ResumersWanted } from './reconnect-clients.ts'
import { tickOf } from './ticks.ts'
import { startWorld, tokenFor, type World } from './world.ts'

const CLIENTS = 1000
const SYMBOLS = 400
const SYMBOLS_EACH = 50
const TICKS_PER_SECOND = 400
const SECONDS = 12
const REST_SECONDS = 4
const REST_RATE = 200
const REST_CONNECTIONS = 8
const MIB = 2 ** 20

/**
 * A thousand clients of one API process lose their connections in one moment, while events keep coming, and all resume
 * from their cursors at once: what each was sent is counted, and REST requests are timed meanwhile.
 */
export async function run(): Promise<Record<string, number>> {
  const world = await startWorld()
  const servers: Server[] = []
  try {
    const api = await startServer('src/server.ts', {
      ...world.env,
      WS_CONNECTIONS_PER_USER: String(CLIENTS),
      WS_SUBSCRIPTIONS_PER_USER: String(CLIENTS * SYMBOLS_EACH)
    })
    servers.push(api)
    const clients = await startServer('load/reconnect-clients.ts', {}, { processor: 1 })
    servers.push(clients)
    const httpClients = await startServer('load/http-clients.ts', {}, { processor: 1 })
    servers.push(httpClients)
    const token = await tokenFor(api, await world.createKey('reconnect'))
    const symbols = UNIVERSE.slice(0, SYMBOLS).map(({ symbol }) => symbol)
    const wanted: ResumersWanted = { url: api.url, token, clients: CLIENTS, symbols, symbolsEach: SYMBOLS_EACH }
    await ask(clients.child, 'open', wanted)

    const publishing = publishNumbered(world, symbols)
    const calm = await measureRest(api, httpClients, token)
    const [seconds, stormy] = await Promise.all([
      ask<number>(clients.child, 'storm'),
      measureRest(api, httpClients, token)
    ])
    const balance = await ask<Balance>(clients.child, 'balance', { published: await publishing })
    return report(balance, seconds, { calm, stormy })
  } finally {
    for (const server of servers.toReversed()) await server.stop()
    await world.stop()
  }
}

/** Appends trades whose sizes number them per symbol; resolves with how many each symbol had. */
async function publishNumbered({ redisUrl }: World, symbols: readonly string[]): Promise<Record<string, number>> {
  const redis = connectFailFast(redisUrl)
  await ready(redis, 'REDIS_URL')
  const logger = pino({ level: 'warn' }, process.stderr)
  const log = createLog({ redis, log: logger, shards: 1, retentionMs: 600_000, maxBytes: 64 * MIB })
  const published: Record<string, number> = {}
  const appends: Promise<void>[] = []
  const pace = { ticksPerSecond: TICKS_PER_SECOND, seconds: SECONDS, symbols: symbols.length }
  try {
    await publishAtPace(pace, (indexes) => {
      const ticks = indexes.map((index) => {
        const symbol = symbols[index]!
        published[symbol] = (published[symbol] ?? 0) + 1
        return tickOf('trades', symbol, published[symbol])
      })
      appends.push(log.append(ticks))
    })
    await Promise.all(appends)
    return published
  } finally {
    redis.disconnect()
  }
}

/** The 99th percentile of quotes from the cache, in milliseconds. */
async function measureRest(server: Server, clients: Server, token: string): Promise<number> {
  const requests = [{ path: '/api/v1/market/quote/AAPL', headers: { authorization: `Bearer ${token}` } }]
  const how = { requests, connections: REST_CONNECTIONS, seconds: REST_SECONDS, rate: REST_RATE }
  return (await measureRound({ server, clients, ...how })).p99Ms
}

function report(balance: Balance, seconds: number, rest: { calm: number; stormy: number }): Record<string, number> {
  const { received, lost, doubled, gaps, replayed } = balance
  console.log(`${CLIENTS} clients resumed within ${seconds.toFixed(2)} s; ${replayed} events were replayed to them`)
  console.log(`of ${received} events ${lost} were lost and ${doubled} came twice; ${gaps} gaps were told`)
  console.log(`p99 of REST: ${rest.calm.toFixed(2)} ms before, ${rest.stormy.toFixed(2)} ms meanwhile`)
  return {
    clients: CLIENTS,
    resumedWithinSeconds: rounded(seconds),
    received,
    replayed,
    lost,
    doubled,
    gaps,
    restP99Ms: rounded(rest.stormy),
    restP99BeforeMs: rounded(rest.calm)
  }
}

const rounded = (value: number) => Math.round(value * 1000) / 1000
