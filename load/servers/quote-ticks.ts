import { pino } from 'pino'
import { reportReady } from '../../src/embedded/child.ts'
import { createLog } from '../../src/log/log.ts'
import { quoteUpdate, type QuoteUpdate } from '../../src/market/event.ts'
import { isoOf } from '../../src/market/time.ts'
import { connectFailFast, ready } from '../../src/redis/connections.ts'
import { answerQuestions } from '../conversation.ts'
import { atPace } from '../pace.ts'

/** Appends quotes to the log of the API processes on the same Redis, as a process that follows a vendor's stream does. */
const redis = connectFailFast(process.env['REDIS_URL']!)
await ready(redis, 'REDIS_URL')
const log = createLog({
  redis,
  log: pino({ level: 'error' }, process.stderr),
  shards: 1,
  retentionMs: 60_000,
  maxBytes: 64 * 2 ** 20
})

export type TickTask = { readonly symbols: readonly string[]; readonly perSecond: number; readonly seconds: number }

answerQuestions({
  /** Quotes of these symbols in turn, each of another instant. Resolves with how many they were. */
  tick({ symbols, perSecond, seconds }: TickTask): Promise<number> {
    const startedAt = Date.now()
    let ticked = 0
    const next = () => {
      const asOf = isoOf(startedAt + Math.floor((ticked * 1000) / perSecond))
      return tickOf(symbols[ticked++ % symbols.length]!, asOf)
    }
    return atPace(perSecond, seconds, (count) => void log.append(Array.from({ length: count }, next)))
  }
})
reportReady('http://127.0.0.1')

function tickOf(symbol: string, asOf: string): QuoteUpdate {
  const provenance = {
    source: 'alpaca',
    feed: 'sandbox' as const,
    delivery: 'stream' as const,
    receivedAt: asOf,
    state: 'live' as const,
    attempts: []
  }
  return quoteUpdate({ symbol, price: 231.45, volume: 1200, currency: 'USD', asOf, provenance })
}
