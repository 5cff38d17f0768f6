import { readFile } from 'node:fs/promises'
import type { Config } from '../config/config.ts'
import type { UpstoxStreamConfig } from '../config/streams.ts'
import { isoOf } from '../market/time.ts'
import { ALPACA_URL } from '../streams/alpaca/feed.ts'
import { MASSIVE_URLS } from '../streams/massive/feed.ts'
import { FINNHUB_STREAM_URL } from '../streams/finnhub/feed.ts'
import { TIINGO_STREAM_URL } from '../streams/tiingo/feed.ts'
import { authorizedEndpoint } from '../streams/upstox/authorization.ts'
import { slotsOf, UPSTOX_URL } from '../streams/upstox/feed.ts'
import { claimsOf } from '../streams/upstox/token.ts'
import { YAHOO_STREAM_URL } from '../streams/yahoo/feed.ts'
import { reach, type StreamReach } from './reach.ts'
import { twsReached } from './tws-reach.ts'

const UPSTOX = 'upstox stream'

/** Of each vendor that is listened to in the live market: whether it is on, and whether its host answers now. Never rejects. */
export async function streamsReached({ streams }: Config): Promise<StreamReach[]> {
  const { alpaca, massive, tws, upstox, finnhub, tiingo, yahoo } = streams
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
    twsReached(tws),
    upstox ? upstoxReached(upstox) : reached(UPSTOX, UPSTOX_URL, { isOn: false, use: keyed(undefined) }),
    reached('finnhub stream', finnhub?.baseUrl ?? FINNHUB_STREAM_URL, {
      isOn: finnhub !== undefined,
      use: keyed(finnhub && `up to ${finnhub.maxSymbols} symbols`)
    }),
    reached('tiingo stream', tiingo?.baseUrl ?? TIINGO_STREAM_URL, {
      isOn: tiingo !== undefined,
      use: tiingo
        ? `key present, reference prices of ${tiingo.services.join(' and ')}`
        : 'off: neither TIINGO_STREAM nor TIINGO_BOATS is on'
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

/** The vendor says of a token whether it takes it; when it ends stands in it. */
async function upstoxReached({
  credential,
  plan,
  modes,
  maxSymbols,
  baseUrl
}: UpstoxStreamConfig): Promise<StreamReach> {
  const limits = slotsOf(modes, maxSymbols).map(
    ({ streams, topics }) => `${topics} instruments of ${streams.join(', ')}`
  )
  const asked = `plan ${plan}, mode ${modes.join(' and ')}, up to ${limits.join(' and ')}`
  const isOn = true
  const token = 'token' in credential ? credential.token : await tokenIn(credential.tokenFile)
  if (token === undefined)
    return { name: UPSTOX, isOn, detail: `${asked}; no token can be read in UPSTOX_TOKEN_FILE`, isSilent: true }
  const { until } = claimsOf(token)
  const validity =
    until === undefined
      ? 'it does not say until when'
      : `${until > Date.now() ? 'until' : 'it ended at'} ${isoOf(until)}`
  const told = await authorizedEndpoint(baseUrl ?? UPSTOX_URL, token)
  const isSilent = 'kind' in told
  const verdict = isSilent ? told.reason : 'the vendor takes the token'
  return { name: UPSTOX, isOn, detail: `${asked}; ${verdict}, ${validity}`, isSilent }
}

async function tokenIn(path: string): Promise<string | undefined> {
  const text = await readFile(path, 'utf8').catch(() => '')
  return text.trim() || undefined
}
