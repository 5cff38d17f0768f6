import { Type, type Static } from 'typebox'
import type { BarUpdate } from '../../market/event.ts'
import { isoOf, MINUTE_MS } from '../../market/time.ts'
import { FieldError } from '../fields.ts'
import { instantOf, WireInstant } from './instant.ts'
import { SOURCE, type Context } from './tick.ts'
import { WireDecimal } from './wire.ts'

/** How late the vendor's delayed clusters are. */
const DELAY_SECONDS = 15 * 60

/**
 * A minute, which comes once it is over and is not revised. There is none for a minute without eligible trades. Throws
 * FieldError for what is no minute or no bar.
 */
export function readBar(wire: Candle, symbol: string, { feed, arrival, receivedAt }: Context): BarUpdate {
  const { o: open, h: high, l: low, c: close, v, dv, s, e, otc } = wire
  const start = instantOf('s', s, arrival.receivedAt).ms
  const end = instantOf('e', e, arrival.receivedAt).ms
  if (end !== start + MINUTE_MS || start % MINUTE_MS !== 0) throw new FieldError('e', 'does not end a minute')
  if (low > Math.min(open, close) || high < Math.max(open, close))
    throw new FieldError('o', 'or c is outside of l to h')
  const bar = { start: isoOf(start), open, high, low, close, volume: dv === undefined ? v : Number(dv) }
  const isDelayed = feed === 'delayed'
  return {
    type: 'bar_update',
    data: {
      symbol,
      interval: '1m',
      bar,
      state: 'final',
      revision: 0,
      provenance: {
        source: SOURCE,
        feed: otc === true && feed === 'consolidated' ? 'otc' : feed,
        delivery: 'stream',
        receivedAt,
        ...(isDelayed && { delayedBySeconds: DELAY_SECONDS }),
        state: isDelayed ? 'delayed' : 'live',
        attempts: []
      },
      timestamp: receivedAt
    }
  }
}

type Candle = Pick<WireBar, 'o' | 'h' | 'l' | 'c' | 'v' | 'dv' | 's' | 'e' | 'otc'>

const Positive = Type.Number({ exclusiveMinimum: 0 })
const Volume = Type.Number({ minimum: 0 })

const candle = {
  o: Positive,
  h: Positive,
  l: Positive,
  c: Positive,
  v: Volume,
  vw: Type.Optional(Type.Number()), // average by volume
  z: Type.Optional(Type.Number()), // average size
  s: WireInstant,
  e: WireInstant
}

/** https://massive.com/docs/websocket/stocks/aggregates-per-minute, and likewise per second and of options */
export const WireBar = Type.Object({
  ...candle,
  sym: Type.String(),
  dv: Type.Optional(WireDecimal), // parts of shares, since 2026
  av: Type.Optional(Type.Number()), // of the day
  dav: Type.Optional(WireDecimal),
  op: Type.Optional(Type.Number()), // the day's official opening price
  a: Type.Optional(Type.Number()), // the day's average by volume
  otc: Type.Optional(Type.Boolean())
})
type WireBar = Static<typeof WireBar>

/** https://massive.com/docs/websocket/crypto/aggregates-per-minute, and likewise per second */
export const WireCoinBar = Type.Object({ ...candle, pair: Type.String() })
