import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { startRedis } from '../src/embedded/redis.ts'
import { RecordKind } from '../src/log/record.ts'
import { retryDuringStart } from '../src/redis/connections.ts'
import { startKafka, whyNoKafka } from '../test/support/kafka.ts'
import { ask } from './conversation.ts'
import { openHeldLog, type HeldIn } from './held-log.ts'
import { median, quantileOf, startServer, type Server } from './processes.ts'
import { stampNow } from './ticks.ts'

const TRADES = 1_000_000
const ROUNDS = 3
const PACES = [1000, 50_000]
const WARM_SECONDS = 3
const SECONDS = 10
const MAX_LATENCIES = 2_000_000
/** Among a trade's numbers; it is when the trade was appended. */
const SIZE = 2

export type WrittenAtOnce = { readonly seconds: number; readonly bytes: number }
export type WrittenAtPace = { readonly trades: number }

type Way = 'kafka' | 'redis'
type Round = { readonly appendedPerSecond: number; readonly followedPerSecond: number; readonly bytesPerTrade: number }
type Latency = { readonly perSecond: number; readonly p50Ms: number; readonly p99Ms: number; readonly missed: number }

const logger = pino({ level: 'error' }, process.stderr)

/**
 * The log in one broker of Kafka and the log in Redis, both beside it, in turn: trades that a process appends as fast as they
 * are acknowledged, and that another one follows from the beginning; then how long a trade takes from the one to the other.
 */
export async function runKafkaLog(): Promise<Record<string, number>> {
  if (whyNoKafka !== undefined) throw new Error(`a broker of Kafka ${whyNoKafka}`)
  const home = await mkdtemp(join(tmpdir(), 'quotewire-load-'))
  const stops: (() => Promise<unknown>)[] = [() => rm(home, { recursive: true, force: true })]
  try {
    const redis = await startRedis({ home, directory: join(home, 'redis') })
    stops.push(() => redis.stop())
    const kafka = await startKafka(await mkdtemp(join(home, 'kafka-')), { javaOptions: ['-Xmx512m'], isDirect: true })
    stops.push(() => kafka.close())
    const writer = await startServer('load/servers/log-writer.ts', {})
    stops.push(() => writer.stop())
    let count = 0
    const fresh = (way: Way): HeldIn => {
      const number = ++count
      const url = new URL(redis.url)
      url.pathname = `/${number}`
      return way === 'redis' ? { redisUrl: url.href } : { kafkaPort: kafka.port, topic: `load-${number}` }
    }
    const rounds = await throughput(writer, fresh)
    const latencies = {
      kafka: await latenciesOf(writer, () => fresh('kafka')),
      redis: await latenciesOf(writer, () => fresh('redis'))
    }
    return report(rounds, latencies)
  } finally {
    for (const stop of stops.toReversed()) await stop()
  }
}

async function throughput(writer: Server, fresh: (way: Way) => HeldIn): Promise<Record<Way, Round[]>> {
  const rounds: Record<Way, Round[]> = { kafka: [], redis: [] }
  for (let round = 0; round <= ROUNDS; round++) {
    for (const way of ['kafka', 'redis'] as const) {
      const where = fresh(way)
      const { seconds, bytes } = await ask<WrittenAtOnce>(writer.child, 'appendAll', { where, trades: TRADES })
      const followedSeconds = await followAll(where)
      // The first round is for the programs to become warm.
      if (round === 0) continue
      rounds[way].push({
        appendedPerSecond: TRADES / seconds,
        followedPerSecond: TRADES / followedSeconds,
        bytesPerTrade: bytes / TRADES
      })
    }
  }
  return rounds
}

async function followAll(where: HeldIn): Promise<number> {
  const { log, close } = await openHeldLog(where, logger)
  const begun = performance.now()
  let left = TRADES
  for await (const { entries } of log.follow('beginning')) {
    for (const entry of entries) left -= entry.count
    if (left <= 0) break
  }
  const seconds = (performance.now() - begun) / 1000
  await close()
  return seconds
}

async function latenciesOf(writer: Server, fresh: () => HeldIn): Promise<Latency[]> {
  const found: Latency[] = []
  for (const perSecond of PACES) {
    await latencyAt(writer, { where: fresh(), perSecond, seconds: WARM_SECONDS })
    found.push(await latencyAt(writer, { where: fresh(), perSecond, seconds: SECONDS }))
  }
  return found
}

type PacedTask = { readonly where: HeldIn; readonly perSecond: number; readonly seconds: number }

async function latencyAt(writer: Server, task: PacedTask): Promise<Latency> {
  const { log, close } = await openHeldLog(task.where, logger)
  await retryDuringStart(() => log.epoch())
  const micros = new Float64Array(MAX_LATENCIES)
  let seen = 0
  let wanted = Infinity
  const stop = new AbortController()
  const following = (async () => {
    for await (const { entries } of log.follow('beginning', { signal: stop.signal })) {
      const now = stampNow()
      for (const entry of entries) {
        for (let index = 0; index < entry.count; index++) {
          if (entry.kind(index) === RecordKind.trade) micros[seen++] = now - entry.number(index, SIZE)
        }
      }
      if (seen >= wanted) break
    }
  })()
  const { trades } = await ask<WrittenAtPace>(writer.child, 'appendAtPace', task)
  wanted = trades
  // What was read before it was known how many there are ends it by the next batch, which does not come.
  if (seen >= wanted) stop.abort()
  const late = setTimeout(() => stop.abort(), 5000)
  await following
  clearTimeout(late)
  await close()
  const sorted = micros.subarray(0, seen).toSorted()
  const ms = (quantile: number) => rounded(quantileOf(sorted, quantile) / 1000)
  return { perSecond: task.perSecond, p50Ms: ms(0.5), p99Ms: ms(0.99), missed: trades - seen }
}

function report(rounds: Record<Way, Round[]>, latencies: Record<Way, Latency[]>): Record<string, number> {
  const ways = ['kafka', 'redis'] as const
  console.table(
    ways.map((way) => ({
      way,
      'appended/s': Math.round(medianOf(rounds[way], 'appendedPerSecond')),
      'followed/s': Math.round(medianOf(rounds[way], 'followedPerSecond')),
      'bytes/trade': rounded(medianOf(rounds[way], 'bytesPerTrade'))
    }))
  )
  console.table(ways.flatMap((way) => latencies[way].map((latency) => ({ way, ...latency }))))
  const [slow, fast] = latencies.kafka as [Latency, Latency]
  return {
    appendedPerSecond: Math.round(medianOf(rounds.kafka, 'appendedPerSecond')),
    followedPerSecond: Math.round(medianOf(rounds.kafka, 'followedPerSecond')),
    ratioAppendRedis: ratioOf(rounds, 'appendedPerSecond'),
    ratioFollowRedis: ratioOf(rounds, 'followedPerSecond'),
    p50Ms: slow.p50Ms,
    p99Ms: slow.p99Ms,
    p50MsAt50000: fast.p50Ms,
    p99MsAt50000: fast.p99Ms,
    missed: slow.missed + fast.missed
  }
}

const medianOf = (all: readonly Round[], of: keyof Round) => median(all.map((round) => round[of]))
const rounded = (value: number) => Math.round(value * 1000) / 1000
const ratioOf = ({ kafka, redis }: Record<Way, Round[]>, of: keyof Round) =>
  rounded(median(kafka.map((round, at) => round[of] / redis[at]![of])))
