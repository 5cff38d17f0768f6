import { withoutAbsent } from '../../market/absent.ts'
import type { BarState, BarUpdate } from '../../market/event.ts'
import { isoOf } from '../../market/time.ts'
import { instantIn, numberIn, optionalNumberIn, type Wire } from '../fields.ts'
import { SOURCE, type Context } from './context.ts'

type BarContext = Context & { readonly interval: '1m' | '1d'; readonly state: BarState }

/** The vendor's own bar. `t` is where it begins, of a day midnight in New York; it holds what the feed sees and no more. */
export function barOf(wire: Wire, symbol: string, context: BarContext): BarUpdate {
  const { arrival, interval, state, feed, receivedAt, placeOf } = context
  const { ms } = instantIn(wire, 't', arrival.receivedAt)
  const bar = withoutAbsent({
    start: interval === '1d' ? placeOf(symbol, ms).tradeDate : isoOf(ms),
    open: numberIn(wire, 'o'),
    high: numberIn(wire, 'h'),
    low: numberIn(wire, 'l'),
    close: numberIn(wire, 'c'),
    volume: optionalNumberIn(wire, 'v'),
    complete: state === 'provisional' ? (false as const) : undefined
  })
  const isCorrection = state === 'corrected'
  return {
    type: 'bar_update',
    data: {
      symbol,
      interval,
      bar,
      state,
      // The vendor does not count its corrections; it tells of one late trade after the other.
      revision: isCorrection ? 1 : 0,
      ...(isCorrection && { reason: 'late trades' }),
      provenance: {
        source: SOURCE,
        feed,
        delivery: 'stream',
        receivedAt,
        state: feed === 'delayed' ? 'delayed' : 'live',
        attempts: []
      },
      timestamp: receivedAt
    }
  }
}
