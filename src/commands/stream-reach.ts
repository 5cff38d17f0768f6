import type { Config } from '../config/config.ts'
import { ALPACA_URL } from '../streams/alpaca/feed.ts'
import { reach } from './reach.ts'

export type StreamReach = {
  readonly name: string
  readonly isOn: boolean
  readonly detail: string
  readonly isSilent: boolean
}

/** Of each vendor that is listened to in the live market: whether it is on, and whether its host answers now. Never rejects. */
export async function streamsReached({ streams }: Config): Promise<StreamReach[]> {
  const { alpaca } = streams
  const url = alpaca?.baseUrl ?? ALPACA_URL
  const { silentBecause } = await reach(url.replace(/^ws/, 'http'))
  const reached = silentBecause === undefined ? 'reachable' : `not reachable: ${silentBecause}`
  const key = alpaca ? `key present, feeds ${alpaca.feeds.join(', ')}` : 'off: no key'
  return [
    {
      name: 'alpaca stream',
      isOn: alpaca !== undefined,
      detail: `${key}; ${reached}`,
      isSilent: silentBecause !== undefined
    }
  ]
}
