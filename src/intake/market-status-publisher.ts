import { randomUUID } from 'node:crypto'
import type { Redis } from 'ioredis'
import type { Logger } from 'pino'
import { marketStatusAt, type MarketStatus } from '../market/market-status.ts'
import type { SessionClock } from '../market/session-clock.ts'
import { DAY_MS } from '../market/time.ts'
import type { Intake } from './intake.ts'

/** Calendars can be replaced while a timer runs, and timers drift: it looks again at least so often. */
const LOOK_EVERY_MS = 60_000
/** Redis or the log did not take a change. */
const TELL_AGAIN_MS = 2000
const CLAIM_MS = DAY_MS

export type MarketStatusPublisherOptions = {
  clock: SessionClock
  redis: Redis
  intake: Pick<Intake, 'accept'>
  log: Pick<Logger, 'warn'>
  now?: () => number
}

/** Tells the log when an exchange opens, pauses or closes: once, however many processes watch the calendars. */
export function watchMarketStatus(options: MarketStatusPublisherOptions): { close(): void } {
  const { clock, redis, intake, log, now = Date.now } = options
  const own = randomUUID()
  let due = marketStatusAt(clock, now()).nextChange
  /** The last change that was not told yet. */
  let untold: number | undefined
  let isAway = false
  let isClosed = false
  let timer = schedule()

  function schedule(): NodeJS.Timeout {
    const latest = untold === undefined ? LOOK_EVERY_MS : TELL_AGAIN_MS
    return setTimeout(() => void look(), Math.min(latest, Math.max(0, due - now()) + 1))
  }

  async function look(): Promise<void> {
    const { status, nextChange } = marketStatusAt(clock, now())
    const change = now() >= due ? due : untold
    untold = undefined
    due = nextChange
    timer = schedule()
    if (change === undefined) return
    try {
      await tell(change, status)
      isAway = false
    } catch (err) {
      if (isClosed) return
      if (!isAway) log.warn({ err }, 'a change of the market status could not be published yet')
      isAway = true
      untold ??= change
      clearTimeout(timer)
      timer = schedule()
    }
  }

  async function tell(change: number, status: MarketStatus): Promise<void> {
    const claim = `quotewire:market-status:${change}`
    const isFirst = await redis.set(claim, own, 'PX', CLAIM_MS, 'NX')
    // Its own claim is there where the answer to it was lost.
    if (!isFirst && (await redis.get(claim)) !== own) return
    try {
      const verdict = intake.accept({ type: 'market_status', data: status })
      if (verdict.outcome === 'accepted') await verdict.appended
    } catch (error) {
      await redis.del(claim)
      throw error
    }
  }

  return {
    close() {
      isClosed = true
      clearTimeout(timer)
    }
  }
}
