import type { Redis } from 'ioredis'
import type { Logger } from 'pino'
import type { EventLog } from '../log/log.ts'
import { marketStatusAt } from '../market/market-status.ts'
import type { SessionClock } from '../market/session-clock.ts'

/** Calendars can be replaced while a timer runs, and timers drift: it looks again at least so often. */
const LOOK_EVERY_MS = 60_000
const CLAIM_MS = 300_000

export type MarketStatusPublisherOptions = {
  clock: SessionClock
  redis: Redis
  eventLog: EventLog
  log: Pick<Logger, 'warn'>
  now?: () => number
}

/** Tells the log when an exchange opens, pauses or closes: once, however many processes watch the calendars. */
export function watchMarketStatus(options: MarketStatusPublisherOptions): { close(): void } {
  const { clock, redis, eventLog, log, now = Date.now } = options
  let due = marketStatusAt(clock, now()).nextChange
  let timer = schedule()

  function schedule(): NodeJS.Timeout {
    return setTimeout(() => void look(), Math.min(LOOK_EVERY_MS, Math.max(0, due - now()) + 1))
  }

  async function look(): Promise<void> {
    const changed = now() >= due
    const { status, nextChange } = marketStatusAt(clock, now())
    const change = due
    due = nextChange
    timer = schedule()
    if (!changed) return
    try {
      const first = await redis.set(`quotewire:market-status:${change}`, 1, 'PX', CLAIM_MS, 'NX')
      if (first) await eventLog.append([{ type: 'market_status', data: status }])
    } catch (err) {
      log.warn({ err }, 'a change of the market status was not published')
    }
  }

  return { close: () => clearTimeout(timer) }
}
