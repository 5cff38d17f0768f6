import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startRedis } from '../src/embedded/redis.ts'
import { ask } from './conversation.ts'
import type { ClientsWanted } from './fan-out-clients.ts'
import { measureAppended, measureIdle, measureStalled } from './fan-out-points.ts'
import { HUB, measureRound, sourceOf, type FanOutRound, type Side, type Start } from './fan-out-round.ts'
import { leaveProcessorToServers, median, startServer, type Server } from './processes.ts'

const CLIENTS = 1000
const SYMBOLS_EACH = 50
const ROUNDS = 5
const ROUND_SECONDS = 1.5

type SideOptions = Pick<ClientsWanted, 'dialect'> & { entry: string; ticksPerSecond: number; isShared?: boolean }

/**
 * The rates are what a side carries: the references' are close to their limit. In a round of the hub 1,000 clients are
 * delivered 25 times what is published, and where all share their symbols 1,000 times.
 */
const SIDES: Record<string, SideOptions> = {
  json: { entry: HUB, dialect: 'quotewire', ticksPerSecond: 84_000 },
  naive: { entry: 'load/servers/naive.ts', dialect: 'naive', ticksPerSecond: 3000 },
  'Socket.IO': { entry: 'load/servers/socket-io.ts', dialect: 'socket.io', ticksPerSecond: 3000 },
  batch: { entry: HUB, dialect: 'quotewire.batch', ticksPerSecond: 84_000 },
  binary: { entry: HUB, dialect: 'quotewire.binary', ticksPerSecond: 300_000 },
  'json, shared': { entry: HUB, dialect: 'quotewire', ticksPerSecond: 8000, isShared: true },
  'Socket.IO, shared': { entry: 'load/servers/socket-io.ts', dialect: 'socket.io', ticksPerSecond: 75, isShared: true }
}

/**
 * What the hub delivers for a second of processor time beside naive use of ws and Socket.IO's rooms, with 1,000 clients
 * of 50 symbols each among 2,000. What the hub delivers was appended to the log by another process. Also
 * latency from append to receipt; the cost of idle clients, and of clients that read nothing.
 */
export async function run(): Promise<Record<string, number>> {
  const home = await mkdtemp(join(tmpdir(), 'quotewire-load-'))
  const redis = await startRedis({ home, directory: join(home, 'redis') })
  leaveProcessorToServers()
  const started: Server[] = []
  let databases = 0
  const start: Start = async (entry, options) => {
    // Each hub has a log of its own: one of Redis's 16 databases.
    if (entry === HUB) databases++
    const server = await startServer(entry, { REDIS_URL: `${redis.url}/${databases}` }, options)
    started.push(server)
    return server
  }
  try {
    const producer = await start('load/servers/producer.ts', { processor: 1 })
    const appended = await measureAppended(start, producer)
    const sides: Record<string, Side> = {}
    for (const [name, options] of Object.entries(SIDES)) sides[name] = await startSide(start, producer, options)
    const rounds = await interleaved(sides)
    console.table(Object.entries(rounds).map(([name, all]) => rowOf(name, all)))
    for (const { server, clients } of Object.values(sides)) await Promise.all([server.stop(), clients.stop()])
    const stalled = await measureStalled(start, producer)
    const bytesPerIdleClient = await measureIdle(start)
    const json = rounds['json']!
    return {
      ratioNaive: ratioOf(json, rounds['naive']!),
      ratioSocketIo: ratioOf(json, rounds['Socket.IO']!),
      ratioBinary: ratioOf(rounds['binary']!, rounds['naive']!),
      ratioSharedChannel: ratioOf(rounds['json, shared']!, rounds['Socket.IO, shared']!),
      deliveredPerSecond: Math.round(medianOf(json, deliveredPerSecond)),
      p50Ms: rounded(medianOf(json, ({ p50Ms }) => p50Ms)),
      p99Ms: rounded(medianOf(json, ({ p99Ms }) => p99Ms)),
      latency1kP50Ms: rounded(appended.p50Ms),
      latency1kP99Ms: rounded(appended.p99Ms),
      bytesPerIdleClient,
      ...stalled
    }
  } finally {
    for (const server of started.toReversed()) await server.stop()
    await redis.stop()
    await rm(home, { recursive: true, force: true })
  }
}

async function startSide(start: Start, producer: Server, options: SideOptions): Promise<Side> {
  const { entry, dialect, ticksPerSecond, isShared = false } = options
  const server = await start(entry)
  const clients = await start('load/fan-out-clients.ts', { processor: 1 })
  const wanted: ClientsWanted = {
    url: server.url,
    dialect,
    stream: 'trades',
    clients: CLIENTS,
    symbolsEach: SYMBOLS_EACH,
    isShared
  }
  await ask(clients.child, 'open', wanted)
  const source = entry === HUB && (await sourceOf(server, producer))
  for (const each of [server, clients]) each.pause()
  return { server, clients, ticksPerSecond, ...(isShared && { symbols: SYMBOLS_EACH }), ...(source && { source }) }
}

/** Rounds of every side in turn, so that a drift of the machine's speed meets them all. */
async function interleaved(sides: Record<string, Side>): Promise<Record<string, FanOutRound[]>> {
  const rounds: Record<string, FanOutRound[]> = Object.fromEntries(Object.keys(sides).map((name) => [name, []]))
  for (let round = 0; round <= ROUNDS; round++) {
    for (const [name, side] of Object.entries(sides)) {
      const processes = [side.server, side.clients]
      for (const each of processes) each.resume()
      const measured = await measureRound(side, { stream: 'trades', seconds: ROUND_SECONDS })
      for (const each of processes) each.pause()
      // The first round is for the programs to become warm.
      if (round > 0) rounds[name]!.push(measured)
    }
  }
  return rounds
}

function rowOf(name: string, all: FanOutRound[]) {
  return {
    side: name,
    'delivered/s': Math.round(medianOf(all, deliveredPerSecond)),
    'CPU us/event': rounded(1e6 / medianOf(all, ({ perCpuSecond }) => perCpuSecond)),
    'p50 ms': rounded(medianOf(all, ({ p50Ms }) => p50Ms)),
    'p99 ms': rounded(medianOf(all, ({ p99Ms }) => p99Ms)),
    'p99.9 ms': rounded(medianOf(all, ({ p999Ms }) => p999Ms)),
    'server CPU': rounded(medianOf(all, ({ cpuShare }) => cpuShare)),
    'client CPU': rounded(medianOf(all, ({ clientShare }) => clientShare))
  }
}

const deliveredPerSecond = ({ delivered, seconds }: FanOutRound) => delivered / seconds
const medianOf = (all: FanOutRound[], of: (round: FanOutRound) => number) => median(all.map(of))
const rounded = (value: number) => Math.round(value * 1000) / 1000

/** Delivered events per CPU-second, round against neighbouring round. */
function ratioOf(ours: FanOutRound[], reference: FanOutRound[]): number {
  return rounded(median(ours.map((round, at) => round.perCpuSecond / reference[at]!.perCpuSecond)))
}
