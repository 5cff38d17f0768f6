import { topicOf, type MarketEvent } from '../market/event.ts'
import type { Quote } from '../market/quote.ts'
import { isScored, type ScoredSentiment } from '../market/sentiment.ts'

/** Writes values down behind the caller's back; it never throws. */
export type EventRecorder = {
  quote(quote: Quote): void
  /** Of one that was composed of ticks. */
  streamedQuote(quote: Quote): void
  snapshot(snapshot: { kind: string; at: string; source: string; value: unknown }): void
  sentiment(point: { at: string; score: number; label: string; value: ScoredSentiment }): void
}

/**
 * Writes an event down where its kind has a table. That a value is stale is no new value; ticks and bars are written by
 * those who follow the log.
 */
export function recordEvent(event: MarketEvent, recorder: EventRecorder): void {
  switch (event.type) {
    case 'quote_update': {
      const { quote } = event.data
      const { state, delivery } = quote.provenance
      if (state === 'stale') return
      if (delivery === 'stream') recorder.streamedQuote(quote)
      else recorder.quote(quote)
      return
    }
    case 'indices_update':
    case 'sectors_update':
    case 'movers_update': {
      const { receivedAt: at, source, state } = event.data.provenance
      if (state !== 'stale') recorder.snapshot({ kind: topicOf(event), at, source, value: event.data })
      return
    }
    case 'sentiment_update': {
      const { data } = event
      if (isScored(data)) recorder.sentiment({ at: data.asOf, score: data.score, label: data.label, value: data })
    }
  }
}
