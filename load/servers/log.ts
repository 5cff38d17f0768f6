import { Redis } from 'ioredis'
import { pino } from 'pino'
import { reportReady } from '../../src/embedded/child.ts'
import { createLog } from '../../src/log/log.ts'
import { RecordKind } from '../../src/log/record.ts'
import type { TradeReport } from '../../src/market/event.ts'
import { connectFailFast, ready } from '../../src/redis/connections.ts'
import { answerQuestions } from '../conversation.ts'
import type { LogRound, LogTask } from '../log.ts'

/** Trades of a turn of the event loop, and entries of a read. */
const TRADES_AT_ONCE = 1000
const TURNS = 5
const SYMBOLS = 2000
const NAIVE = 'naive'
const STREAM = 'log:1:{0}'
const PRICE = 1

const redis = connectFailFast(process.env['REDIS_URL']!)
await ready(redis, 'REDIS_URL')
const naive = new Redis(process.env['REDIS_URL']!)
const logger = pino({ level: 'error' }, process.stderr)
const log = createLog({ redis, log: logger, shards: 1, retentionMs: 3_600_000, maxBytes: 2 ** 30 })

/** Four letters, two conditions and a number for an id, to the nanosecond. */
function tradeAt(number: number): TradeReport {
  const symbol = `S${(46_656 + (number % SYMBOLS)).toString(36).slice(1)}`
  const now = new Date().toISOString()
  const asOf = `${now.slice(0, -1)}${String(number % 1_000_000).padStart(6, '1')}Z`
  const trade = {
    symbol,
    asOf,
    sequence: 84_000_000 + number,
    tradeDate: now.slice(0, 10),
    session: 'regular' as const,
    tape: 'C',
    source: 'alpaca',
    feed: 'consolidated' as const,
    receivedAt: now,
    price: 231.45 + (number % 100) / 100,
    size: 100 + (number % 7) / 10,
    currency: 'USD',
    venue: 'XNAS',
    conditions: ['@', 'I'],
    tradeId: String(52_983_525_029_461 + number)
  }
  return { type: 'trade', data: { symbol, trade, timestamp: asOf } }
}

/** As a vendor's message gives them. A stream's trades are new, and in the processor's cache: so are few that come again. */
const turns: readonly TradeReport[][] = Array.from({ length: TURNS }, (_, turn) =>
  Array.from({ length: TRADES_AT_ONCE }, (__, at) => tradeAt(turn * TRADES_AT_ONCE + at))
).map((trades) => JSON.parse(JSON.stringify(trades)) as TradeReport[])

async function appendToLog(count: number): Promise<void> {
  const appended: Promise<void>[] = []
  for (let turn = 0; turn * TRADES_AT_ONCE < count; turn++) {
    await log.room()
    appended.push(log.append(turns[turn % TURNS]!))
    await new Promise(setImmediate)
  }
  await Promise.all(appended)
}

async function appendNaively(count: number): Promise<void> {
  for (let turn = 0; turn * TRADES_AT_ONCE < count; turn++) {
    const pipeline = naive.pipeline()
    for (const trade of turns[turn % TURNS]!) pipeline.xadd(NAIVE, '*', 'e', JSON.stringify(trade))
    await pipeline.exec()
  }
}

/** Reads the price of every trade. */
async function followLog(wanted: number): Promise<number> {
  let sum = 0
  let seen = 0
  for await (const { entries } of log.follow('beginning')) {
    for (const entry of entries) {
      for (let index = 0; index < entry.count; index++) {
        if (entry.kind(index) === RecordKind.trade) sum += entry.number(index, PRICE)
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
      sum += (JSON.parse(fields[1]!) as TradeReport).data.trade.price
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
