import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { Quote } from '../src/market/quote.ts'
import { DAY_MS, isoOf } from '../src/market/time.ts'
import type { Balance } from './balance.ts'
import { ask } from './conversation.ts'
import type { ClientsWanted, Delivery } from './fan-out-clients.ts'
import type { Dialect } from './live-socket.ts'
import { cpuSecondsOfFamily, median, startServer, type Server } from './processes.ts'
import { symbolAt, SYMBOLS, type TapeOrder } from './ticks.ts'
import { startWorld, tokenFor, type World } from './world.ts'

const CLIENTS = 1000
const SYMBOLS_EACH = 50
const ROUNDS = 3
const ROUND_SECONDS = 2
const LEAD_IN_SECONDS = 0.3
/** Programs are compiled while they run. */
const WARM_SECONDS = 6
const WARM_RATE = 20_000
/** These are told of; those behind them find out how far it goes. */
const POINTS = [1000, 10_000, 50_000, 100_000]
const FURTHER = [75_000, 125_000, 150_000]
const NAIVE_POINTS = [1000, 2000, 3000, 4000, 5000, 6000]
const MAX_P99_MS = 50
/** A rate that was hardly offered was not carried. */
const LEAST_OFFERED = 0.97
const SUBSCRIBED_POLL_MS = 50
const NOWHERE = 'http://127.0.0.1:9'

type Point = Delivery &
  Balance & { readonly ticksPerSecond: number; readonly offeredPerSecond: number; readonly cpu: Record<string, number> }

type Start = (entry: string, env: Record<string, string>) => Promise<Server>

/** A way from the stand-in to clients, with the processes of which it consists. */
type Pipeline = {
  readonly name: string
  readonly standIn: Server
  readonly clients: Server
  readonly pids: Record<string, number>
}

/**
 * The whole way of a trade: a vendor's stand-in, the ingest process, the log in Redis, an API process, and 1,000 clients of 50
 * symbols each among 2,000, all on two processors. Latency is that from the stand-in's sending to the client's reading. Beside
 * it a pipeline as tutorials draw it: a producer that publishes each trade as JSON, and a server that parses it, compares it
 * with every client, and encodes it for each of them.
 */
export async function run(): Promise<Record<string, unknown>> {
  const folder = await mkdtemp(join(tmpdir(), 'quotewire-tape-'))
  const world = await startWorld({ isShared: true })
  const started: Server[] = []
  const start: Start = async (entry, env) => {
    const server = await startServer(entry, env, { processor: '0,1' })
    started.push(server)
    return server
  }
  const tapeFile = join(folder, 'tape')
  try {
    const standIn = await start('load/servers/alpaca.ts', {})
    const naive = await startNaive(world, standIn, start)
    const naivePoints = await climb(naive, NAIVE_POINTS, tapeFile)
    for (const server of started.splice(1)) await server.stop()
    const ours = await startOurs(world, standIn, start)
    await measure(ours, { ticksPerSecond: WARM_RATE, seconds: WARM_SECONDS, tapeFile })
    const points = await climb(
      ours,
      [...POINTS, ...FURTHER].toSorted((a, b) => a - b),
      tapeFile
    )
    console.table([...naivePoints.map((point) => rowOf(naive, point)), ...points.map((point) => rowOf(ours, point))])
    const [most, naiveMost] = [mostOf(points), mostOf(naivePoints)]
    return {
      points: points
        .filter(({ ticksPerSecond }) => POINTS.includes(ticksPerSecond))
        .map(({ ticksPerSecond, p50Ms, p99Ms }) => ({ ticksPerSecond, p50Ms: rounded(p50Ms), p99Ms: rounded(p99Ms) })),
      maxTicksPerSecondAt50Ms: most,
      ratioNaive: rounded(most / naiveMost),
      lost: points.reduce((sum, { lost }) => sum + lost, 0),
      doubled: points.reduce((sum, { doubled }) => sum + doubled, 0)
    }
  } finally {
    for (const server of started.toReversed()) await server.stop()
    await world.stop()
    await rm(folder, { recursive: true, force: true })
  }
}

async function startOurs(world: World, standIn: Server, start: Start): Promise<Pipeline> {
  await world.keepQuotes(Array.from({ length: SYMBOLS }, (_, index) => formerQuote(symbolAt(index))))
  // Vendors that are asked are away: nothing is known of these symbols but their last quotes, and what is streamed.
  const env = { ...world.env, SANDBOX_URL: NOWHERE }
  const api = await start('src/server.ts', {
    ...env,
    WS_CONNECTIONS_PER_USER: String(CLIENTS),
    WS_SUBSCRIPTIONS_PER_USER: String(CLIENTS * SYMBOLS_EACH)
  })
  const ingest = await start('workers/run-ingest.ts', {
    ...env,
    METRICS_PORT: '0',
    ALPACA_STREAM_URL: standIn.url,
    // Between the rounds nothing trades, which is not to be taken for a mute feed.
    SANDBOX_TICK_MS: '60000'
  })
  const token = await tokenFor(api, await world.createKey('ingest'))
  const url = `${api.url}/api/v1/market/ws/stock-quotes?token=${token}`
  const clients = await openClients(url, 'quotewire', start)
  const pids = { ingest: ingest.child.pid!, redis: world.redisPid, postgres: world.postgresPid, api: api.child.pid! }
  return joined({ name: 'quotewire', standIn, clients, pids })
}

function formerQuote(symbol: string): Quote {
  const asOf = isoOf(Date.now() - DAY_MS)
  const provenance = { source: 'yahoo', feed: 'sandbox', receivedAt: asOf, state: 'live', attempts: [] } as const
  return {
    symbol,
    price: 100,
    previousClose: 99,
    volume: 1000,
    currency: 'USD',
    asOf,
    provenance: { ...provenance, attempts: [] }
  }
}

async function startNaive(world: World, standIn: Server, start: Start): Promise<Pipeline> {
  const env = { REDIS_URL: world.redisUrl, ALPACA_STREAM_URL: standIn.url }
  const api = await start('load/servers/naive-api.ts', env)
  const producer = await start('load/servers/naive-producer.ts', env)
  const clients = await openClients(api.url, 'naive', start)
  const pids = { ingest: producer.child.pid!, redis: world.redisPid, api: api.child.pid! }
  return joined({ name: 'naive', standIn, clients, pids })
}

async function openClients(url: string, dialect: Dialect, start: Start): Promise<Server> {
  const clients = await start('load/fan-out-clients.ts', {})
  const wanted: ClientsWanted = {
    url,
    dialect,
    stream: 'trades',
    clients: CLIENTS,
    symbolsEach: SYMBOLS_EACH,
    isShared: false,
    areStampsKept: true
  }
  await ask(clients.child, 'open', wanted)
  return clients
}

/** Resolves once the stand-in is asked for every symbol. */
async function joined(pipeline: Pipeline): Promise<Pipeline> {
  const { standIn, clients, pids } = pipeline
  while ((await ask<number>(standIn.child, 'subscribed')) < SYMBOLS) await delay(SUBSCRIBED_POLL_MS)
  return { ...pipeline, pids: { 'stand-in': standIn.child.pid!, ...pids, clients: clients.child.pid! } }
}

/** One rate after the other, up to the second one that is too much. */
async function climb(pipeline: Pipeline, rates: readonly number[], tapeFile: string): Promise<Point[]> {
  const points: Point[] = []
  for (const ticksPerSecond of rates) {
    const rounds: Point[] = []
    for (let round = 0; round < ROUNDS; round++) {
      rounds.push(await measure(pipeline, { ticksPerSecond, seconds: ROUND_SECONDS, tapeFile }))
    }
    points.push(medianPoint(rounds))
    const isTooMuch = points.filter((point) => !isCarried(point)).length > 1
    if (isTooMuch || points.at(-1)!.cutOff > 0) break
  }
  return points
}

async function measure({ standIn, clients, pids }: Pipeline, order: TapeOrder): Promise<Point> {
  await ask<number>(standIn.child, 'flow', { ...order, seconds: LEAD_IN_SECONDS })
  await ask(clients.child, 'end')
  const cpu = () => Object.entries(pids).map(([name, pid]) => [name, cpuSecondsOfFamily(pid)] as const)
  const before = new Map(cpu())
  await ask(clients.child, 'begin')
  const sent = await ask<number>(standIn.child, 'flow', order)
  const delivery = await ask<Delivery>(clients.child, 'end')
  const spent = cpu().map(([name, seconds]) => [name, (seconds - before.get(name)!) / delivery.seconds] as const)
  const balance = await ask<Balance>(clients.child, 'balance', { tapeFile: order.tapeFile })
  const { ticksPerSecond, seconds } = order
  return { ...delivery, ...balance, ticksPerSecond, offeredPerSecond: sent / seconds, cpu: Object.fromEntries(spent) }
}

const isCarried = ({ p99Ms, offeredPerSecond, ticksPerSecond, lost, doubled, cutOff }: Point): boolean =>
  p99Ms <= MAX_P99_MS && offeredPerSecond >= LEAST_OFFERED * ticksPerSecond && lost + doubled + cutOff === 0

const mostOf = (points: readonly Point[]): number =>
  Math.max(0, ...points.filter(isCarried).map(({ ticksPerSecond }) => ticksPerSecond))

/** The median of each figure; losses are all counted. */
function medianPoint(rounds: readonly Point[]): Point {
  const of = (value: (round: Point) => number) => median(rounds.map(value))
  const sum = (value: (round: Point) => number) => rounds.reduce((total, round) => total + value(round), 0)
  return {
    ticksPerSecond: rounds[0]!.ticksPerSecond,
    offeredPerSecond: of(({ offeredPerSecond }) => offeredPerSecond),
    delivered: of(({ delivered }) => delivered),
    seconds: of(({ seconds }) => seconds),
    p50Ms: of(({ p50Ms }) => p50Ms),
    p99Ms: of(({ p99Ms }) => p99Ms),
    p999Ms: of(({ p999Ms }) => p999Ms),
    expected: sum(({ expected }) => expected),
    lost: sum(({ lost }) => lost),
    doubled: sum(({ doubled }) => doubled),
    cutOff: Math.max(...rounds.map(({ cutOff }) => cutOff)),
    cpu: Object.fromEntries(Object.keys(rounds[0]!.cpu).map((name) => [name, of(({ cpu }) => cpu[name]!)]))
  }
}

function rowOf({ name }: Pipeline, point: Point) {
  return {
    pipeline: name,
    'ticks/s': Math.round(point.offeredPerSecond),
    'delivered/s': Math.round(point.delivered / point.seconds),
    'p50 ms': rounded(point.p50Ms),
    'p99 ms': rounded(point.p99Ms),
    'p99.9 ms': rounded(point.p999Ms),
    lost: point.lost,
    doubled: point.doubled,
    'cut off': point.cutOff,
    ...Object.fromEntries(Object.entries(point.cpu).map(([process, share]) => [`${process} CPU`, rounded(share)]))
  }
}

const rounded = (value: number) => Math.round(value * 1000) / 1000
