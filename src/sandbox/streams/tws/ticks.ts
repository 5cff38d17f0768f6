import { MINUTE_MS } from '../../../market/time.ts'
import type { Tape } from '../tape.ts'
import type { Exchange } from '../../exchange.ts'
import type { Line } from './client.ts'

/** What the account has no live data of comes so late. */
export const LATE_MS = 15 * MINUTE_MS

/** Messages of a tick, as lists of fields. */
type Messages = (string | number)[][]

const priceTick = (id: number, type: number, price: number, size: number) => [1, 6, id, type, price, size, 0]
const sizeTick = (id: number, type: number, size: number) => [2, 6, id, type, size]

/** What a line tells of the exchange's tick of an instant: live data, or that of a quarter of an hour before. */
export function ticksOf(exchange: Exchange, tape: Tape, id: number, line: Line, at: number): Messages {
  const { instrument, isLate } = line
  const when = isLate ? at - LATE_MS : at
  const quote = tape.quote(instrument, when)
  const trade = tape.trade(instrument, when)
  if (!quote || !trade) return []
  const { bid, ask, bidSize, askSize } = quote
  const { price, size, ms } = trade
  const { volume } = exchange.quote(instrument, when)
  const seconds = Math.floor(ms / 1000)
  if (isLate) {
    return [
      priceTick(id, 66, bid, bidSize),
      sizeTick(id, 69, bidSize),
      priceTick(id, 67, ask, askSize),
      [46, 6, id, 88, seconds],
      priceTick(id, 68, price, size),
      sizeTick(id, 74, volume)
    ]
  }
  return [
    priceTick(id, 1, bid, bidSize),
    sizeTick(id, 0, bidSize),
    priceTick(id, 2, ask, askSize),
    [46, 6, id, 45, seconds],
    priceTick(id, 4, price, size),
    sizeTick(id, 8, volume),
    [46, 6, id, 48, `${price};${size};${ms};${volume};${price};true`]
  ]
}
