import { cryptoPair } from '../../../market/symbol.ts'
import type { SimulatedQuote } from '../../quotes.ts'
import { yahooSymbol } from '../../vendors/yahoo/symbols.ts'

const VARINT = 0
const LENGTH_DELIMITED = 2
const FIXED_32 = 5
const EQUITY = 8
const INDEX = 9
const CRYPTOCURRENCY = 41
const HOURS: Readonly<Record<SimulatedQuote['phase'], number>> = { pre: 0, regular: 1, post: 2, closed: 2 }

/** What the streamer tells of an instrument at an instant (epoch ms), as the text of a frame. */
export function pricingFrame(quote: SimulatedQuote, at: number): string {
  const { instrument, phase, price, previousClose, open, dayHigh, dayLow, volume, bid, ask, bidSize, askSize } = quote
  const { symbol, currency, decimals } = instrument
  const { extended } = quote
  const told =
    phase === 'regular' || !extended ? { price, against: previousClose } : { price: extended.price, against: price }
  const message = Buffer.concat([
    text(1, yahooSymbol(symbol)),
    float(2, told.price),
    signed(3, phase === 'regular' ? at : (extended?.asOf ?? quote.asOf)),
    text(4, currency),
    whole(6, cryptoPair(symbol) ? CRYPTOCURRENCY : symbol.startsWith('^') ? INDEX : EQUITY),
    whole(7, HOURS[phase]),
    float(8, (told.price / told.against - 1) * 100),
    signed(9, Math.round(volume)),
    float(10, dayHigh),
    float(11, dayLow),
    float(12, told.price - told.against),
    float(15, open),
    float(16, previousClose),
    float(23, bid),
    signed(24, bidSize),
    float(25, ask),
    signed(26, askSize),
    signed(27, decimals)
  ])
  return JSON.stringify({ type: 'pricing', message: message.toString('base64') })
}

const tag = (field: number, encoding: number): Buffer => varint(BigInt((field << 3) | encoding))

function varint(value: bigint): Buffer {
  const bytes: number[] = []
  let rest = BigInt.asUintN(64, value)
  for (; rest > 0x7fn; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80)
  bytes.push(Number(rest))
  return Buffer.from(bytes)
}

function text(field: number, value: string): Buffer {
  const bytes = Buffer.from(value)
  return Buffer.concat([tag(field, LENGTH_DELIMITED), varint(BigInt(bytes.length)), bytes])
}

function float(field: number, value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeFloatLE(value)
  return Buffer.concat([tag(field, FIXED_32), bytes])
}

const whole = (field: number, value: number): Buffer => Buffer.concat([tag(field, VARINT), varint(BigInt(value))])

/** The sign is the last bit. */
function signed(field: number, value: number): Buffer {
  const long = BigInt(Math.round(value))
  return Buffer.concat([tag(field, VARINT), varint((long << 1n) ^ (long >> 63n))])
}
