import type { Logger } from 'pino'
import type { Recorder } from '../market-data/cached-market.ts'
import type { EventLog } from '../log/log.ts'
import { quoteUpdate, type MarketEvent } from '../market/event.ts'
import type { Indices, Movers, Sectors } from '../market/market-wide.ts'

/** A recorder that also tells the log of every value that changes. Nobody waits for the log. */
export function publishing<R extends Recorder>(recorder: R, eventLog: EventLog, log: Pick<Logger, 'debug'>): R {
  const publish = (event: MarketEvent): void => {
    eventLog.append([event]).catch((err: unknown) => log.debug({ err }, 'an event was not published'))
  }
  return {
    ...recorder,
    quote(quote) {
      publish(quoteUpdate(quote))
      recorder.quote(quote)
    },
    snapshot(snapshot) {
      const event = marketWideUpdate(snapshot.kind, snapshot.value)
      if (event) publish(event)
      recorder.snapshot(snapshot)
    },
    sentiment(point) {
      publish({ type: 'sentiment_update', data: point.value })
      recorder.sentiment(point)
    }
  }
}

/** The event of a market-wide value; undefined for kinds that have no channel. */
function marketWideUpdate(kind: string, value: unknown): MarketEvent | undefined {
  if (kind === 'indices') return { type: 'indices_update', data: value as Indices }
  if (kind === 'sectors') return { type: 'sectors_update', data: value as Sectors }
  if (kind.startsWith('movers:')) return { type: 'movers_update', data: value as Movers }
  return undefined
}
