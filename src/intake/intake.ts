import { LRUCache } from 'lru-cache'
import type { Logger } from 'pino'
import type { EventLog } from '../log/log.ts'
import { topicOf, type MarketEvent } from '../market/event.ts'
import type { HoursOf } from '../market/market-hours.ts'
import { compareOrders, orderOf, type ValueOrder } from '../market/order.ts'
import type { Quote } from '../market/quote.ts'
import { Composer } from './composer.ts'
import type { LiveGreeks } from './live-greeks.ts'
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

/** What became of each of several events; `appended` of those that were accepted, where any was. */
export type Verdicts = {
  readonly outcomes: readonly Verdict['outcome'][]
  readonly appended: Promise<void> | undefined
}

/** The one entrance of every event, whether a vendor sent it or was asked for it. */
export type Intake = {
  /**
   * Judges an event, holds it against the newest that is known, and appends it to the log; then it is written down.
   * Never throws. Where the log takes no more it tells its readers of the gap itself.
   */
  accept(event: MarketEvent): Verdict
  /**
   * The same of events of a stream that came together, in their order: those that are accepted are appended together. Streamed
   * quotes among them tell what changed, and enter with what is known beside; a vendor's snapshot enters as what was asked for.
   */
  acceptAll(events: readonly MarketEvent[]): Verdicts
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
  /** They tell which price is of the session before. */
  readonly hoursOf: HoursOf
  /** Completes the quotes of options that are composed; absent where none are streamed. */
  readonly greeks?: Pick<LiveGreeks, 'of'>
}

type Objection = Exclude<Verdict, { outcome: 'accepted' }>

const SUPERSEDED: Objection = { outcome: 'superseded' }

export function createIntake(options: IntakeOptions): Intake {
  const { eventLog, log, record, quoteIntervalMs: intervalMs, hoursOf, greeks } = options
  const stats: IntakeStats = { accepted: 0, superseded: 0, refused: 0 }
  const newest = new LRUCache<string, ValueOrder>({ max: MAX_KNOWN_SYMBOLS })

  const composer = new Composer({ accept: (event) => accept(event), intervalMs, hoursOf, greeks })

  /** Two processes can still append in the wrong order; who reads the log applies the same rule again. */
  function isSuperseded(quote: Quote): boolean {
    const order = orderOf(quote)
    const held = newest.get(quote.symbol)
    if (held && compareOrders(held, order) > 0) return true
    newest.set(quote.symbol, order)
    return false
  }

  /** A quote that was asked for comes behind the ticks of its symbol, and tells of it all the same what they do not. */
  function toComposer(event: MarketEvent): void {
    if (event.type !== 'quote_update') composer.took(event)
    else if (event.data.quote.provenance.delivery !== 'stream') composer.polled(event.data.quote)
  }

  function impossible(event: MarketEvent): Objection | undefined {
    const impossibility = impossibilityOf(event)
    if (!impossibility) return undefined
    stats.refused++
    log.debug({ topic: topicOf(event), ...impossibility }, 'an event cannot be and was refused')
    return { outcome: 'refused', ...impossibility }
  }

  /** Why an event does not enter; undefined where it does. */
  function objectionTo(event: MarketEvent): Objection | undefined {
    const impossibility = impossible(event)
    if (impossibility) return impossibility
    if (event.type === 'quote_update' && isSuperseded(event.data.quote)) {
      stats.superseded++
      toComposer(event)
      return SUPERSEDED
    }
    return undefined
  }

  function append(events: readonly MarketEvent[]): Promise<void> {
    stats.accepted += events.length
    const appended = appendTogether(events)
    appended.catch((err: unknown) => log.debug({ err, events: events.length }, 'events were not published'))
    for (const event of events) {
      record(event)
      toComposer(event)
    }
    return appended
  }

  /** An event that is too large keeps no other one out. */
  async function appendTogether(events: readonly MarketEvent[]): Promise<void> {
    try {
      await eventLog.append(events)
    } catch (error) {
      if (!(error instanceof RangeError) || events.length === 1) throw error
      await Promise.all(events.map((event) => eventLog.append([event])))
    }
  }

  function accept(event: MarketEvent): Verdict {
    return objectionTo(event) ?? { outcome: 'accepted', appended: append([event]) }
  }

  function acceptAll(events: readonly MarketEvent[]): Verdicts {
    const accepted: MarketEvent[] = []
    const outcomes = events.map((event) => {
      const isTold = event.type === 'quote_update' && event.data.quote.provenance.delivery === 'stream'
      const objection = isTold ? impossible(event) : objectionTo(event)
      if (objection) return objection.outcome
      if (isTold) composer.told(event.data.quote)
      else accepted.push(event)
      return 'accepted'
    })
    return { outcomes, appended: accepted.length > 0 ? append(accepted) : undefined }
  }

  return { stats, accept, acceptAll, refer: (quote) => composer.begin(quote), close: () => composer.close() }
}
