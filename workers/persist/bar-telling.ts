import type { BarStateKey } from '../../db/bar-states.ts'
import type { BarName, StandingUpdate, WithdrawnBar } from '../../db/bar-updates.ts'
import type { BarPlace, PublishedBar } from '../../src/bars/bar-change.ts'
import { sourceOfTrades, startText } from '../../src/bars/series-names.ts'
import type { BarUpdate } from '../../src/market/event.ts'
import { isoOf } from '../../src/market/time.ts'

/** What a bar is called outside of its maker; `at`: the instant of the log at which it is told, epoch ms. */
export function nameOf(
  { symbol, source, feed }: Pick<BarStateKey, 'source' | 'feed'> & { readonly symbol: string },
  { interval, start }: Pick<BarPlace, 'interval' | 'start'>,
  at: number
): BarName {
  return {
    symbol,
    interval,
    start: startText({ interval, start }),
    provenance: {
      source: sourceOfTrades(source),
      feed,
      receivedAt: isoOf(at),
      state: feed === 'delayed' ? 'delayed' : 'live',
      attempts: []
    }
  }
}

export function updateOf({ start, ...name }: BarName, told: PublishedBar): StandingUpdate {
  const { open, high, low, close, volume, state, revision, reason } = told
  return {
    ...name,
    bar: { start, open, high, low, close, volume },
    state,
    revision,
    ...(reason !== undefined && { reason }),
    timestamp: name.provenance.receivedAt
  }
}

/** That there is no such bar any more; nothing where there was none. */
export function withdrawalOf({ start, ...name }: BarName, said: WithdrawnBar | undefined): BarUpdate['data'][] {
  if (!said) return []
  const { state, revision, ...figures } = said
  return [
    {
      ...name,
      bar: { start, ...figures },
      state: 'withdrawn',
      revision: state === 'provisional' ? revision : revision + 1,
      reason: 'all of its trades were taken back',
      timestamp: name.provenance.receivedAt
    }
  ]
}
