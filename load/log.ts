import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startRedis } from '../src/embedded/redis.ts'
import { ask } from './conversation.ts'
import { measureIdleApi } from './idle-api.ts'
import { runKafkaLog } from './kafka-log.ts'
import { cpuSecondsOf, leaveProcessorToServers, median, startServer, type Server } from './processes.ts'

/** As many of each way as take about a second: the kernel counts processor time in hundredths of one. */
const TRADES: Readonly<Record<LogTask['way'], number>> = { log: 1_000_000, naive: 200_000 }
const ROUNDS = 5
/** What the log holds of a shard by default, and what is told of how long that lasts. */
const SHARD_BYTES = 256 * 2 ** 20
const TRADES_PER_SECOND = 100_000

export type LogTask = { readonly way: 'log' | 'naive'; readonly trades: number }
/** What a round left in Redis, bytes as Redis counts them. */
export type LogRound = { readonly trades: number; readonly bytes: number }

type Round = LogRound & { readonly appendedPerCpuSecond: number; readonly followedPerCpuSecond: number }

/**
 * Trades appended and followed through the log, and as one stream entry each (XADD of its JSON, pipelined; XREAD, its JSON
 * parsed), in turn: how many a second of the client's and of Redis' processor time carries, and what they take in Redis.
 * Then what an API process takes of a processor that nobody asks for anything, while trades pass through the log.
 * With LOG=kafka the log in Kafka beside the one in Redis, see runKafkaLog.
 */
export async function run(): Promise<Record<string, number>> {
  if (process.env['LOG'] === 'kafka') return runKafkaLog()
  const home = await mkdtemp(join(tmpdir(), 'quotewire-load-'))
  const redis = await startRedis({ home, directory: join(home, 'redis') })
  leaveProcessorToServers()
  let server: Server | undefined
  try {
    server = await startServer('load/servers/log.ts', { REDIS_URL: redis.url })
    const rounds: Record<LogTask['way'], Round[]> = { log: [], naive: [] }
    for (let round = 0; round <= ROUNDS; round++) {
      for (const way of ['log', 'naive'] as const) {
        const measured = await measure(server, redis.pid, { way, trades: TRADES[way] })
        // The first round is for the program to become warm.
        if (round > 0) rounds[way].push(measured)
      }
    }
    console.table(Object.entries(rounds).map(([way, all]) => rowOf(way, all)))
    await server.stop()
    const idle = await measureIdleApi(TRADES_PER_SECOND)
    console.log(
      `an idle API process at ${Math.round(idle.tradesPerSecond)} trades/s: ${rounded(idle.cpuShare * 100)} % of a processor`
    )
    const bytesPerTrade = medianOf(rounds.log, ({ bytes, trades }) => bytes / trades)
    return {
      ratioAppend: ratioOf(rounds, ({ appendedPerCpuSecond }) => appendedPerCpuSecond),
      ratioFollow: ratioOf(rounds, ({ followedPerCpuSecond }) => followedPerCpuSecond),
      bytesPerTrade: rounded(bytesPerTrade),
      reachSeconds: rounded(SHARD_BYTES / bytesPerTrade / TRADES_PER_SECOND),
      idleCpuShare: rounded(idle.cpuShare)
    }
  } finally {
    await server?.stop()
    await redis.stop()
    await rm(home, { recursive: true, force: true })
  }
}

async function measure(server: Server, redisPid: number, task: LogTask): Promise<Round> {
  const spent = () => cpuSecondsOf(server.child.pid!) + cpuSecondsOf(redisPid)
  const begun = spent()
  const round = await ask<LogRound>(server.child, 'append', task)
  const appended = spent()
  await ask(server.child, 'follow', task)
  const followed = spent()
  return {
    ...round,
    appendedPerCpuSecond: task.trades / (appended - begun),
    followedPerCpuSecond: task.trades / (followed - appended)
  }
}

function rowOf(way: string, all: readonly Round[]) {
  return {
    way,
    'append us/trade': rounded(1e6 / medianOf(all, ({ appendedPerCpuSecond }) => appendedPerCpuSecond)),
    'follow us/trade': rounded(1e6 / medianOf(all, ({ followedPerCpuSecond }) => followedPerCpuSecond)),
    'bytes/trade': rounded(medianOf(all, ({ bytes, trades }) => bytes / trades))
  }
}

const medianOf = (all: readonly Round[], of: (round: Round) => number) => median(all.map(of))
const rounded = (value: number) => Math.round(value * 1000) / 1000

function ratioOf({ log, naive }: Record<LogTask['way'], Round[]>, of: (round: Round) => number): number {
  return rounded(median(log.map((round, at) => of(round) / of(naive[at]!))))
}
