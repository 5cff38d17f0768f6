import type { LogEntry } from '../../src/log/log-entry.ts'
import type { EventLog } from '../../src/log/log.ts'
import { beginningOf } from '../../src/log/positions.ts'
import { shardOf } from '../../src/log/shard.ts'

const ENTRIES_PER_READ = 1_000_000
/** Among a trade's numbers. */
const PRICE = 1

/** The prices of a symbol's trades, in the order in which the log holds them. */
export async function pricesIn(log: EventLog, symbol: string): Promise<number[]> {
  return pricesOf(await log.read(beginningOf(shardOf(`trades:${symbol}`, log.shards)), ENTRIES_PER_READ), symbol)
}

/** The same of entries in hand. */
export function pricesOf(entries: readonly LogEntry[], symbol: string): number[] {
  return entries.flatMap((entry) =>
    Array.from({ length: entry.count }, (_, index) => index)
      .filter((index) => entry.topicOf(entry.row(index)) === `trades:${symbol}`)
      .map((index) => entry.number(index, PRICE))
  )
}
