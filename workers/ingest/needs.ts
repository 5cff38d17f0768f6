import { BUILT_INTERVALS } from '../../src/bars/intervals.ts'
import { streamOf, symbolOf } from '../../src/demand/want.ts'
import type { TopicName } from '../../src/market/event.ts'
import { kindOfSymbol } from '../../src/market/instrument-kind.ts'

/**
 * What an upstream has to bring so that a stream of ours can be had. Bars are made of trades, quotes of both, unless a vendor
 * tells them.
 */
const NEEDS: readonly (readonly [stream: RegExp, needed: readonly string[]])[] = [
  [/^trades$/, ['trades']],
  [/^bbo$/, ['bbo']],
  [/^halts$/, ['halts']],
  [/^quotes$/, ['trades', 'bbo', 'quotes']],
  [/^bars\./, ['trades']]
]

/** These are told by whoever brings the ticks, or made of them. */
export const CARRIED_STREAMS = ['trades', 'bbo', 'halts', ...BUILT_INTERVALS.map((interval) => `bars.${interval}`)]

/** The topics of an upstream that a topic is made of; none where streams do not bring it. */
export function neededFor(topic: TopicName): TopicName[] {
  const stream = streamOf(topic)
  const symbol = symbolOf(topic)
  // An index is not traded: whoever streams it tells its quotes.
  if (stream === 'quotes' && kindOfSymbol(symbol) === 'index') return [topic]
  const needed = NEEDS.find(([pattern]) => pattern.test(stream))?.[1] ?? []
  return needed.map((each) => `${each}:${symbol}`)
}

export function isCarriedStream(topic: TopicName): boolean {
  return CARRIED_STREAMS.some((stream) => stream === streamOf(topic))
}
