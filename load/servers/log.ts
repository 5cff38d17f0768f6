import { Redis } from 'ioredis'
import { pino } from 'pino'
import { reportReady } from '../../src/embedded/child.ts'
import { createLog } from '../../src/log/log.ts'
import { RecordKind } from '../../src/log/record.ts'
import type { TradeReport } from '../../src/market/event.ts'
import { formatInstantNs } from '../../src/market/instant-ns.ts'
import type { Trade } from '../../src/market/trade.ts'
import { connectFailFast, ready } from '../../src/redis/connections.ts'
import { answerQuestions } from '../conversation.ts'
import type { LogRound, LogTask } from '../log.ts'

/** Trades of a turn of the event loop, and entries of a read. */
const TRADES_AT_ONCE = 1000
const SYMBOLS = 2000
const NAIVE = 'naive'
const STREAM = 'log:1:{0}'

const redis = connectFailFast(process.env['REDIS_URL']!)
await ready(redis, 'REDIS_URL')
const naive = new Redis(process.env['REDIS_URL']!)
const logger = pino({ level: 'error' }, process.stderr)
const log = createLog({ redis, log: logger, shards: 1, retentionMs: 3_600_000, maxBytes: 2 ** 30 })

/** Four letters, two conditions and a number for an id, to the nanosecond. */
function tradeAt(number: number): Trade {
  const symbol = `S${(46_656 + (number % SYMBOLS)).toString(36).slice(1)}`
  const ms = Date.now()
  const now = new Date(ms).toISOString()
  const asOf = formatInstantNs({ ms, ns: 1 + ((number * 7919) % 999_998) })
  return {
    symbol,
    asOf,
    sequence: 84_000_000 + number,
    tradeDate: now.slice(0, 10),
    session: 'regular' as const,
    tape: 'C',
    source: 'alpaca',
    feed: 'consolidated' as const,
    receivedAt: now,
    price: (23_145 + (number % 100)) / 100,
    size: (1000 + (number % 7)) / 10,
    currency: 'USD',
    venue: 'XNAS',
    conditions: ['@', 'I'],
    tradeId: String(52_983_525_029_461 + number)
  }
}

const reportOf = (trade: Trade): TradeReport => ({
  type: 'trade',
  data: { symbol: trade.symbol, trade, timestamp: trade.asOf }
})

/**
 * As a vendor's message gives them. A stream's trades are new, and in the processor's cache: so are these, which are as many as
 * find room in one of a megabyte, and come again.
 */
const TRADES = Array.from({ length: TRADES_AT_ONCE }, (_, at) => tradeAt(at))
const reports = (JSON.parse(JSON.stringify(TRADES)) as Trade[]).map(reportOf)

async function appendToLog(count: number): Promise<void> {
  const appended: Promise<void>[] = []
  for (let turn = 0; turn * TRADES_AT_ONCE < count; turn++) {
    await log.room()
    appended.push(log.append(reports))
    await new Promise(setImmediate)
  }
  await Promise.all(appended)
}

async function appendNaively(count: number): Promise<void> {
  for (let turn = 0; turn * TRADES_AT_ONCE < count; turn++) {
    const pipeline = naive.pipeline()
    for (const report of reports) pipeline.xadd(NAIVE, '*', 'e', JSON.stringify(report))
    await pipeline.exec()
  }
}

/** Takes what whoever works with trades needs of each: its symbol, instant, price and size. */
const took = (symbol: string, asOf: number | string, price: number, size: number) =>
  symbol.length + (typeof asOf === 'string' ? asOf.length : asOf) + price * size

async function followLog(wanted: number): Promise<number> {
  let sum = 0
  let seen = 0
  for await (const { entries } of log.follow('beginning')) {
    for (const entry of entries) {
      for (let index = 0; index < entry.count; index++) {
        if (entry.kind(index) !== RecordKind.trade) continue
        const symbol = entry.textOf(entry.row(index))
        sum += took(symbol, entry.number(index, 0), entry.number(index, 1), entry.number(index, 2))
      }
      seen += entry.count
    }
    if (seen >= wanted) break
  }
  return sum
}

async function followNaively(wanted: number): Promise<number> {
  let sum = 0
  let at = '0'
  for (let seen = 0; seen < wanted;) {
    const found = await naive.xread('COUNT', TRADES_AT_ONCE, 'STREAMS', NAIVE, at)
    const rows = found![0]![1]
    for (const [id, fields] of rows) {
      const { symbol, asOf, price, size } = (JSON.parse(fields[1]!) as TradeReport).data.trade
      sum += took(symbol, asOf, price, size)
      at = id
    }
    seen += rows.length
  }
  return sum
}

answerQuestions({
  async append({ way, trades: count }: LogTask): Promise<LogRound> {
    await naive.del(NAIVE, STREAM)
    await (way === 'log' ? appendToLog(count) : appendNaively(count))
    const bytes = (await naive.memory('USAGE', way === 'log' ? STREAM : NAIVE, 'SAMPLES', 0))!
    return { trades: count, bytes }
  },
  async follow({ way, trades: count }: LogTask): Promise<number> {
    return way === 'log' ? followLog(count) : followNaively(count)
  }
})
reportReady('http://127.0.0.1')
