import type { Verdict } from '../../src/intake/intake.ts'
import type { MarketEvent } from '../../src/market/event.ts'
import type { RefusalReason } from '../../src/streams/mapper.ts'
import type { StreamCount } from '../../src/metrics/stream-gauges.ts'

/** Kinds that vendors invent. */
const MAX_SERIES = 500

/** Counts what streams brought and what became of it, for the metrics. */
export class StreamCounts {
  readonly #events = new Map<string, { readonly labels: StreamCount['labels']; count: number }>()
  readonly #refusals = new Map<string, { readonly labels: StreamCount['labels']; count: number }>()

  judged(stream: string, type: MarketEvent['type'], outcome: Verdict['outcome'] | 'duplicate'): void {
    add(this.#events, `${stream} ${type} ${outcome}`, { stream, type, outcome })
  }

  refused(stream: string, reason: RefusalReason, kind = ''): void {
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

function add(
  counts: Map<string, { readonly labels: StreamCount['labels']; count: number }>,
  key: string,
  labels: StreamCount['labels']
): void {
  const known = counts.get(key)
  if (known) known.count++
  else counts.set(key, { labels, count: 1 })
}
