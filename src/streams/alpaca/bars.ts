import { withoutAbsent } from '../../market/absent.ts'
import type { BarState, BarUpdate } from '../../market/event.ts'
import { isoOf } from '../../market/time.ts'
import { instantIn, numberIn, optionalNumberIn, type Wire } from '../fields.ts'
import { SOURCE, type Context } from './context.ts'

type BarContext = Context & { readonly interval: '1m' | '1d'; readonly state: BarState }

/** What a bar says, and when it begins (epoch ms). Throws FieldError. */
export function barFiguresOf(wire: Wire, receivedAt: number) {
  const { ms } = instantIn(wire, 't', receivedAt)
  return {
    ms,
    ...withoutAbsent({
      open: numberIn(wire, 'o'),
      high: numberIn(wire, 'h'),
      low: numberIn(wire, 'l'),
      close: numberIn(wire, 'c'),
      volume: optionalNumberIn(wire, 'v')
    })
  }
}

/** The vendor's own bar. `t` is where it begins, of a day midnight in New York; it holds what the feed sees and no more. */
export function barOf(wire: Wire, symbol: string, context: BarContext): BarUpdate {
  const { arrival, interval, state, feed, receivedAt, placeOf } = context
  const { ms, ...figures } = barFiguresOf(wire, arrival.receivedAt)
  const bar = {
    start: interval === '1d' ? placeOf(symbol, ms).tradeDate : isoOf(ms),
    ...figures,
    ...(state === 'provisional' && { complete: false as const })
  }
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
