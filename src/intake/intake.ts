import { LRUCache } from 'lru-cache'
import type { Logger } from 'pino'
import type { EventLog } from '../log/log.ts'
import { topicOf, type MarketEvent } from '../market/event.ts'
import { compareOrders, orderOf, type ValueOrder } from '../market/order.ts'
import type { Quote } from '../market/quote.ts'
import { Composer } from './composer.ts'
import { impossibilityOf } from './plausibility.ts'

/** Symbols whose newest quote is known here. Of one that was forgotten the readers of the log still know the order. */
const MAX_KNOWN_SYMBOLS = 50_000

/**
 * What became of an event: `accepted`, and on its way into the log, where it is once `appended` resolves (as the log's
 * `append` does; nobody has to wait for it); `superseded`, for a quote behind one that was accepted before; `refused`,
 * because it cannot be, and `reason` says why.
 */
export type Verdict =
  | { readonly outcome: 'accepted'; readonly appended: Promise<void> }
  | { readonly outcome: 'superseded' }
  | { readonly outcome: 'refused'; readonly rule: string; readonly reason: string }

/** The one entrance of every event, whether a vendor sent it or was asked for it. */
export type Intake = {
  /**
   * Judges an event, holds it against the newest that is known, and appends it to the log; then it is written down.
   * Never throws. Where the log takes no more it tells its readers of the gap itself.
   */
  accept(event: MarketEvent): Verdict
  /**
   * What a vendor that was asked says of a symbol that is streamed into this process: its name, the reference close, the
   * day so far. The quotes that are composed of its ticks say so too; it is no event by itself.
   */
  refer(quote: Quote): void
  readonly stats: Readonly<IntakeStats>
  /** Accepts the quotes that are being composed; to be called before the log is closed. */
  close(): void
}

export type IntakeStats = { accepted: number; superseded: number; refused: number }

export type IntakeOptions = {
  readonly eventLog: Pick<EventLog, 'append'>
  readonly log: Pick<Logger, 'debug'>
  /** Writes an accepted event down, behind the caller's back. */
  readonly record: (event: MarketEvent) => void
  /** Of each streamed symbol at most one quote is composed in this time. */
  readonly quoteIntervalMs: number
}

const SUPERSEDED: Verdict = { outcome: 'superseded' }

export function createIntake({ eventLog, log, record, quoteIntervalMs }: IntakeOptions): Intake {
  const stats: IntakeStats = { accepted: 0, superseded: 0, refused: 0 }
  const newest = new LRUCache<string, ValueOrder>({ max: MAX_KNOWN_SYMBOLS })

  const composer = new Composer({ accept: (event) => accept(event), intervalMs: quoteIntervalMs })

  /** Two processes can still append in the wrong order; who reads the log applies the same rule again. */
  function isSuperseded(quote: Quote): boolean {
    const order = orderOf(quote)
    const held = newest.get(quote.symbol)
    if (held && compareOrders(held, order) > 0) return true
    newest.set(quote.symbol, order)
    return false
  }

  function accept(event: MarketEvent): Verdict {
    const impossibility = impossibilityOf(event)
    if (impossibility) {
      stats.refused++
      log.debug({ topic: topicOf(event), ...impossibility }, 'an event cannot be and was refused')
      return { outcome: 'refused', ...impossibility }
    }
    if (event.type === 'quote_update' && isSuperseded(event.data.quote)) {
      stats.superseded++
      return SUPERSEDED
    }
    stats.accepted++
    const appended = eventLog.append([event])
    appended.catch((err: unknown) => log.debug({ err }, 'an event was not published'))
    record(event)
    if (event.type !== 'quote_update') composer.took(event)
    else if (event.data.quote.provenance.delivery !== 'stream') composer.polled(event.data.quote)
    return { outcome: 'accepted', appended }
  }

  return { stats, accept, refer: (quote) => composer.begin(quote), close: () => composer.close() }
}
