import type { Config } from '../config/config.ts'
import { ALPACA_URL } from '../streams/alpaca/feed.ts'
import { MASSIVE_URLS } from '../streams/massive/feed.ts'
import { reach, type StreamReach } from './reach.ts'
import { twsReached } from './tws-reach.ts'

/** Of each vendor that is listened to in the live market: whether it is on, and whether its host answers now. Never rejects. */
export async function streamsReached({ streams }: Config): Promise<StreamReach[]> {
  const { alpaca, massive, tws } = streams
  const massiveUrl = massive?.baseUrl ?? MASSIVE_URLS[massive?.isDelayed ? 'delayed' : 'live']
  return Promise.all([
    streamReached('alpaca stream', alpaca?.baseUrl ?? ALPACA_URL, alpaca && `feeds ${alpaca.feeds.join(', ')}`),
    streamReached('massive stream', massiveUrl, massive && `markets ${massive.markets.join(', ')}`),
    twsReached(tws)
  ])
}

/** `what` it is asked for; undefined where there is no key. */
async function streamReached(name: string, url: string, what: string | undefined): Promise<StreamReach> {
  const { silentBecause } = await reach(url.replace(/^ws/, 'http'))
  const reached = silentBecause === undefined ? 'reachable' : `not reachable: ${silentBecause}`
  const key = what === undefined ? 'off: no key' : `key present, ${what}`
  return { name, isOn: what !== undefined, detail: `${key}; ${reached}`, isSilent: silentBecause !== undefined }
}
