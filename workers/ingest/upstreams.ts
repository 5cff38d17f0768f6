import type { Config } from '../../src/config/config.ts'
import type { HoursOf } from '../../src/market/market-hours.ts'
import { alpaca } from '../../src/streams/alpaca/feed.ts'
import type { Canary, Feed } from '../../src/streams/feed.ts'
import { placeReader } from '../../src/streams/tick-place.ts'

/** Feeds of one credential, in the order in which they are to be used. */
export type Upstream = readonly Feed[]

/** Every vendor's streams that the configuration gives what they need; `hoursOf` tells them when markets are open. */
export function configuredUpstreams(config: Config, hoursOf: HoursOf): Upstream[] {
  const { alpaca: settings } = config.streams
  if (!settings) return []
  const { key, secret, feeds, baseUrl, maxSymbols } = settings
  const isSandbox = config.MARKET === 'sandbox'
  const options = {
    credential: () => ({ key, secret }),
    isSandbox,
    placeOf: placeReader(hoursOf),
    ...(baseUrl !== undefined && { baseUrl }),
    ...(isSandbox && { canary: simulatedCanary(config.SANDBOX_TICK_MS) })
  }
  const made = feeds.map((name) => {
    const bound = maxSymbols(name)
    return alpaca({ ...options, name, ...(bound !== undefined && { maxSymbols: bound }) })
  })
  return [made]
}

/** With each tick of the simulated exchange one trade and one quote. */
function simulatedCanary(tickMs: number): Canary {
  return { topics: ['trades:SPY', 'bbo:SPY'], perMinute: { continuous: 60_000 / tickMs } }
}
