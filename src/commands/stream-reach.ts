import type { Config } from '../config/config.ts'
import { ALPACA_URL } from '../streams/alpaca/feed.ts'
import { MASSIVE_URLS } from '../streams/massive/feed.ts'
import { FINNHUB_STREAM_URL } from '../streams/finnhub/feed.ts'
import { TIINGO_STREAM_URL } from '../streams/tiingo/feed.ts'
import { YAHOO_STREAM_URL } from '../streams/yahoo/feed.ts'
import { reach } from './reach.ts'

export type StreamReach = {
  readonly name: string
  readonly isOn: boolean
  readonly detail: string
  readonly isSilent: boolean
}

/** Of each vendor that is listened to in the live market: whether it is on, and whether its host answers now. Never rejects. */
export async function streamsReached({ streams }: Config): Promise<StreamReach[]> {
  const { alpaca, massive, finnhub, tiingo, yahoo } = streams
  const massiveUrl = massive?.baseUrl ?? MASSIVE_URLS[massive?.isDelayed ? 'delayed' : 'live']
  const keyed = (what: string | undefined) => (what === undefined ? 'off: no key' : `key present, ${what}`)
  return Promise.all([
    reached('alpaca stream', alpaca?.baseUrl ?? ALPACA_URL, {
      isOn: alpaca !== undefined,
      use: keyed(alpaca && `feeds ${alpaca.feeds.join(', ')}`)
    }),
    reached('massive stream', massiveUrl, {
      isOn: massive !== undefined,
      use: keyed(massive && `markets ${massive.markets.join(', ')}`)
    }),
    reached('finnhub stream', finnhub?.baseUrl ?? FINNHUB_STREAM_URL, {
      isOn: finnhub !== undefined,
      use: keyed(finnhub && `up to ${finnhub.maxSymbols} symbols`)
    }),
    reached('tiingo stream', tiingo?.baseUrl ?? TIINGO_STREAM_URL, {
      isOn: tiingo !== undefined,
      use: tiingo ? 'key present, reference prices of IEX' : 'off: TIINGO_STREAM is not on'
    }),
    reached('yahoo stream', yahoo?.baseUrl ?? YAHOO_STREAM_URL, {
      isOn: yahoo !== undefined,
      use: yahoo ? 'on without a key, for personal use only' : 'off: YAHOO_STREAM is not on'
    })
  ])
}

async function reached(name: string, url: string, { isOn, use }: { isOn: boolean; use: string }): Promise<StreamReach> {
  const { silentBecause } = await reach(url.replace(/^ws/, 'http'))
  const answer = silentBecause === undefined ? 'reachable' : `not reachable: ${silentBecause}`
  return { name, isOn, detail: `${use}; ${answer}`, isSilent: silentBecause !== undefined }
}
