import type { Verdict } from '../../src/intake/intake.ts'
import type { MarketEvent } from '../../src/market/event.ts'
import type { RefusalReason } from '../../src/streams/mapper.ts'
import type { StreamCount } from '../../src/metrics/stream-gauges.ts'

type Outcome = Verdict['outcome'] | 'duplicate' | 'told_by_another_feed'

/** Kinds that vendors invent. */
const MAX_SERIES = 500

/** Counts what streams brought and what became of it, for the metrics. */
export class StreamCounts {
  readonly #events = new Map<string, Counted>()
  readonly #refusals = new Map<string, Counted>()
  #last: Counted | undefined

  judged(stream: string, type: MarketEvent['type'], outcome: Outcome, events = 1): void {
    const last = this.#last
    // Most events are as the one before.
    if (last?.labels.outcome === outcome && last.labels.type === type && last.labels.stream === stream) {
      last.count += events
    } else this.#last = add(this.#events, `${stream} ${type} ${outcome}`, { stream, type, outcome }, events)
  }

  /** A message, or part of one, of which nothing was made; `kind`: which, where it can be read. */
  refused(stream: string, reason: RefusalReason | 'unknown_field', kind = ''): void {
    const key = `${stream} ${reason} ${kind}`
    const isKnown = this.#refusals.size < MAX_SERIES || this.#refusals.has(key)
    add(this.#refusals, isKnown ? key : `${stream} ${reason} `, { stream, reason, kind: isKnown ? kind : '' })
  }

  get events(): StreamCount[] {
    return [...this.#events.values()]
  }

  get refusals(): StreamCount[] {
    return [...this.#refusals.values()]
  }
}

type Counted = { readonly labels: StreamCount['labels']; count: number }

function add(counts: Map<string, Counted>, key: string, labels: StreamCount['labels'], count = 1): Counted {
  const known = counts.get(key)
  if (known) {
    known.count += count
    return known
  }
  const first = { labels, count }
  counts.set(key, first)
  return first
}
