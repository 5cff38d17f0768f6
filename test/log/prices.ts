import type { LogEntry } from '../../src/log/entry.ts'
import type { EventLog } from '../../src/log/log.ts'
import { LAST_INDEX } from '../../src/log/position.ts'
import { shardOf } from '../../src/log/shard.ts'

const ENTRIES_PER_READ = 1_000_000
/** Of a trade's numbers the price is the second. */
const PRICE_OFFSET = 8

/** The prices of a symbol's trades, in the order in which the log holds them. */
export async function pricesIn(log: EventLog, symbol: string): Promise<number[]> {
  const from = { shard: shardOf(`trades:${symbol}`, log.shards), idMs: 0, idSeq: 0, index: LAST_INDEX }
  return pricesOf(await log.read(from, ENTRIES_PER_READ), symbol)
}

/** The same of entries in hand. */
export function pricesOf(entries: readonly LogEntry[], symbol: string): number[] {
  return entries.flatMap((entry) =>
    Array.from({ length: entry.count }, (_, index) => index)
      .filter((index) => entry.topic(index) === `trades:${symbol}`)
      .map((index) => entry.bytes.readDoubleLE(entry.numbersStart(index) + PRICE_OFFSET))
  )
}
