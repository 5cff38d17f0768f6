import { symbolAt, SYMBOLS } from '../ticks.ts'

/** Of an id's fourteen digits. */
const FIRST_ID = 52_983_525_000_000
const ID = 52_983_525_999_999
const SIZE = 1_234_567_890_123
const INSTANT = '2026-11-30T15:04:05.123456789Z'
/** Within the microsecond: the vendor tells nanoseconds. */
const NS_IN_MICROSECOND = 789
const [OPEN, COMMA, CLOSE] = ['[', ',', ']'].map((each) => each.charCodeAt(0)) as [number, number, number]

/** A message of a symbol, and where in it stand what differs from trade to trade. */
type Template = { readonly bytes: Buffer; readonly idAt: number; readonly sizeAt: number; readonly instantAt: number }

/** `stamp` is its size; `microseconds` since 1970. */
export type LoadTrade = {
  readonly symbol: number
  readonly number: number
  readonly stamp: number
  readonly microseconds: number
}

const TEMPLATES: readonly Template[] = Array.from({ length: SYMBOLS }, (_, symbol) => templateOf(symbol))

/** A frame of Alpaca's trades, from messages that were encoded once: it costs a copy and three texts a trade. */
export function frameOf(trades: readonly LoadTrade[]): Buffer {
  const { length } = TEMPLATES[0]!.bytes
  const frame = Buffer.allocUnsafe(1 + trades.length * (length + 1))
  let at = 1
  for (const { symbol, number, stamp, microseconds } of trades) {
    const { bytes, idAt, sizeAt, instantAt } = TEMPLATES[symbol]!
    frame.set(bytes, at)
    const instant = new Date(Math.floor(microseconds / 1000)).toISOString().slice(0, -1)
    const fraction = `${String(microseconds % 1000).padStart(3, '0')}${NS_IN_MICROSECOND}`
    frame.write(String(FIRST_ID + number), at + idAt, 'latin1')
    frame.write(String(stamp), at + sizeAt, 'latin1')
    frame.write(`${instant}${fraction}`, at + instantAt, 'latin1')
    at += length
    frame[at++] = COMMA
  }
  frame[0] = OPEN
  frame[at - 1] = CLOSE
  return frame
}

function templateOf(symbol: number): Template {
  const price = 100 + (symbol % 900) + 0.25
  const message = { T: 't', S: symbolAt(symbol), i: ID, x: 'V', p: price, s: SIZE, c: ['@'], t: INSTANT, z: 'C' }
  const bytes = Buffer.from(JSON.stringify(message))
  const at = (text: string) => bytes.indexOf(text)
  return { bytes, idAt: at(String(ID)), sizeAt: at(String(SIZE)), instantAt: at(INSTANT) }
}
