import { createHash } from 'node:crypto'
import { streamOf, symbolOf } from '../../demand/want.ts'
import { kindOfSymbol } from '../../market/instrument-kind.ts'
import type { Feed as MarketFeed } from '../../market/provenance.ts'
import type { Canary, Endpoint, Feed, Problem, SlotBound } from '../feed.ts'
import type { PlaceOf } from '../tick-place.ts'
import { authorizedEndpoint } from './authorization.ts'
import { UpstoxConversation } from './conversation.ts'
import { SOURCE } from './instrument.ts'
import type { InstrumentKeys } from './keys.ts'
import { UpstoxInstruments, upstoxMapper } from './mapper.ts'
import { MODES, type ModeChoice } from './modes.ts'
import { NO_TOKEN, OTHER_USER, problemOfEnding, tokenEnded } from './problems.ts'
import { claimsOf } from './token.ts'

export const UPSTOX_URL = 'https://api.upstox.com'

/** A connection whose end the vendor did not notice counts among those that a user may have. */
const GHOST_MS = 60_000

/**
 * The vendor sends no heartbeat. NIFTY 50 is calculated every second while shares trade; of an auction it comes less often.
 * Its key is the same in all of the vendor's lists.
 */
const NIFTY_50 = { symbol: '^NSEI', key: 'NSE_INDEX|Nifty 50' }
const CANARY: Canary = { topics: [`quotes:${NIFTY_50.symbol}`], perMinute: { continuous: 30 } }

export type UpstoxOptions = {
  /** Of the vendor's REST host, where addresses are asked for; without a path. */
  readonly baseUrl?: string | undefined
  /** Asked before each connection: tokens are replaced while the process runs. Empty where there is none. */
  readonly token: () => string
  readonly modes: ModeChoice
  /** Instruments in all, in the place of what the plan allows. */
  readonly maxSymbols?: number | undefined
  readonly keys: InstrumentKeys
  /** Whether all that comes is simulated. */
  readonly isSandbox?: boolean
  /** In the place of the vendor's own. */
  readonly canary?: Canary
  readonly placeOf: PlaceOf
  /** As Date.now. */
  readonly now?: () => number
}

/** Upstox' market data feed, version 3: what trades at NSE, BSE and MCX, and the indices of these. */
export function upstox(options: UpstoxOptions): Feed {
  const { baseUrl = UPSTOX_URL, token, modes, maxSymbols, isSandbox = false, placeOf, now = Date.now } = options
  const keys = withCanary(options.keys)
  const instruments = new UpstoxInstruments()
  const feed = isSandbox ? 'sandbox' : marketFeedOf(modes)
  const isTold = new Set(modes.flatMap((mode) => (mode && MODES[mode].hasBook ? ['trades', 'bbo'] : ['trades'])))
  /** Of the token that was used last. */
  let claims = claimsOf(token())
  let { user } = claims

  function endpoint(): Promise<Endpoint | Problem> {
    const current = token()
    claims = claimsOf(current)
    if (current === '') return Promise.resolve(NO_TOKEN)
    if (claims.until !== undefined && claims.until <= now()) return Promise.resolve(tokenEnded(claims.until))
    user ??= claims.user
    if (claims.user !== user) return Promise.resolve(OTHER_USER)
    return authorizedEndpoint(baseUrl, current)
  }

  return {
    name: `${SOURCE}/${modes[0]}`,
    source: SOURCE,
    feed,
    leaseKey: `${SOURCE}/${digest(user ?? token())}`,
    slots: slotsOf(modes, maxSymbols),
    serves(topic) {
      const symbol = symbolOf(topic)
      const stream = streamOf(topic)
      const isServed = kindOfSymbol(symbol) === 'index' ? stream === 'quotes' : isTold.has(stream)
      return isServed && keys.keyOf(symbol) !== undefined
    },
    canary: options.canary ?? CANARY,
    ghostMs: GHOST_MS,
    endpoint,
    credentialUntil: () => claims.until,
    converse() {
      instruments.forgetAll()
      return new UpstoxConversation({ modes, keys, left: (left) => instruments.forget(left) })
    },
    map: upstoxMapper({ feed, placeOf, keys }, instruments),
    endingOf: problemOfEnding
  }
}

/** Without the volume of the day nobody knows what was traded between two frames: the volumes are not the market's. */
function marketFeedOf(modes: ModeChoice): MarketFeed {
  return modes.some((mode) => mode === 'ltpc') ? 'composite' : 'consolidated'
}

/** The vendor counts instruments, whatever is wanted of each. Of two modes the first is for those with bids and offers. */
export function slotsOf([first, second]: ModeChoice, maxSymbols: number | undefined): SlotBound[] {
  const streams = ['trades', 'quotes']
  if (second === undefined) {
    return [{ streams: [...streams, 'bbo'], topics: maxSymbols ?? MODES[first].alone, per: 'symbol' }]
  }
  const most = (cap: number) => Math.min(cap, maxSymbols ?? cap)
  return [
    { streams: ['bbo'], topics: most(MODES[first].mixed), per: 'symbol' },
    { streams, topics: most(MODES[second].mixed), per: 'symbol' }
  ]
}

/** The canary does not wait for a list of instruments. */
function withCanary(keys: InstrumentKeys): InstrumentKeys {
  const { symbol, key } = NIFTY_50
  return {
    keyOf: (asked) => keys.keyOf(asked) ?? (asked === symbol ? key : undefined),
    symbolOf: (asked) => keys.symbolOf(asked) ?? (asked === key ? symbol : undefined)
  }
}

const digest = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 16)
