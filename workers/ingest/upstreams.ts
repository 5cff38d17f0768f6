import type { AlpacaStreamConfig } from '../../src/config/streams.ts'
import type { Config } from '../../src/config/config.ts'
import type { HoursOf } from '../../src/market/market-hours.ts'
import type { AlpacaCredential } from '../../src/streams/alpaca/conversation.ts'
import { alpaca } from '../../src/streams/alpaca/feed.ts'
import type { Canary, Feed } from '../../src/streams/feed.ts'
import { placeReader } from '../../src/streams/tick-place.ts'
import { TokenFile } from './token-file.ts'

/** One vendor's streams under one credential. */
export type Upstream = {
  /** In the order in which they are to be used. */
  readonly feeds: readonly Feed[]
  /** Where its credential is replaced while it streams. */
  readonly token?: TokenFile
}

/** As Alpaca calls tokens of its broker API where a key stands. */
const TOKEN_KEY = 'access_token'

/** Every vendor's streams that the configuration gives what they need; `hoursOf` tells them when markets are open. */
export function configuredUpstreams(config: Config, hoursOf: HoursOf): Upstream[] {
  const { alpaca: settings } = config.streams
  return settings ? [alpacaUpstream(settings, config, hoursOf)] : []
}

function alpacaUpstream(settings: AlpacaStreamConfig, config: Config, hoursOf: HoursOf): Upstream {
  const { credential, feeds, baseUrl, maxSymbols } = settings
  const token = 'tokenFile' in credential ? new TokenFile(credential.tokenFile) : undefined
  const isSandbox = config.MARKET === 'sandbox'
  const options = {
    credential: (): AlpacaCredential =>
      'tokenFile' in credential ? { key: TOKEN_KEY, secret: token!.read() } : credential,
    isSandbox,
    placeOf: placeReader(hoursOf),
    ...(baseUrl !== undefined && { baseUrl }),
    ...(isSandbox && { canary: simulatedCanary(config.SANDBOX_TICK_MS) })
  }
  const made = feeds.map((name) => {
    const bound = maxSymbols[name]
    return alpaca({ ...options, name, ...(bound !== undefined && { maxSymbols: bound }) })
  })
  return { feeds: made, ...(token && { token }) }
}

/** With each tick of the simulated exchange one trade and one quote. */
function simulatedCanary(tickMs: number): Canary {
  return { topics: ['trades:SPY', 'bbo:SPY'], perMinute: { continuous: 60_000 / tickMs } }
}
