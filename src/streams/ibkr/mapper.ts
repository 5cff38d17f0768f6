import type { Bbo } from '../../market/bbo.ts'
import type { MarketEvent } from '../../market/event.ts'
import type { Halt } from '../../market/halt.ts'
import { formatInstantNs } from '../../market/instant-ns.ts'
import type { Feed as MarketFeed } from '../../market/provenance.ts'
import { isoOf, MINUTE_MS } from '../../market/time.ts'
import { FieldError, possibleInstant } from '../fields.ts'
import type { Arrival, ListedInstrument, Mapper, Refusal } from '../mapper.ts'
import type { PlaceOf } from '../tick-place.ts'
import { factsOf, SOURCE } from './contracts.ts'
import { readMessages, type LineBbo, type LineHalt, type LineTrade } from './wire.ts'

/** What exchanges let be told for nothing is so late: IBKR says 10 to 15 minutes. */
export const LATE_MS = 15 * MINUTE_MS

export type TwsMapperOptions = {
  /** Of live data. */
  readonly feed: MarketFeed
  readonly placeOf: PlaceOf
}

const HALT_OF_CODE: Readonly<Record<number, Pick<Halt, 'status' | 'reason'>>> = {
  0: { status: 'trading' },
  1: { status: 'halted', reason: 'Trading halt' },
  2: { status: 'paused', reason: 'Volatility trading pause' }
}
/** These inform; all others say that something was not done. */
const isInformation = (code: number): boolean => code >= 2100 && code < 2200

/** What the port tells becomes events; late data says so of itself. */
export function twsMapper({ feed, placeOf }: TwsMapperOptions): Mapper {
  return (frame, arrival) => {
    const events: MarketEvent[] = []
    const control: unknown[] = []
    const refusals: Refusal[] = []
    const instruments: ListedInstrument[] = []
    for (const message of readMessages(frame)) {
      try {
        if (message.tell === 'trade') events.push(tradeOf(message))
        else if (message.tell === 'bbo') events.push(bboOf(message))
        else if (message.tell === 'halt') events.push(haltOf(message))
        else control.push(message)
      } catch (error) {
        if (!(error instanceof FieldError)) throw error
        refusals.push({ reason: 'bad_field', kind: message.tell, detail: error.message })
      }
      if (message.tell === 'contracts') {
        const { symbol, contracts } = message
        // The first one is the one that TWS itself would take.
        for (const contract of contracts.slice(0, 1)) {
          instruments.push({ facts: factsOf(symbol, contract), vendor: SOURCE, alias: String(contract.conId) })
        }
      }
      // An error is for the conversation, and counted: they may come in thousands.
      if (message.tell === 'problem' && !isInformation(message.code)) {
        refusals.push({ reason: 'unused', kind: `error ${message.code}`, detail: 'an error is no event' })
      }
    }
    return { events, news: [], control, refusals, instruments }

    /** Numbered as they arrive: TWS numbers nothing. Where it tells no instant, it is the one at which it told. */
    function stamped<Fields extends object>(
      fields: Fields,
      { symbol, isDelayed }: LineTrade | LineBbo | LineHalt,
      at?: number
    ) {
      const ms = at ?? arrival.receivedAt - (isDelayed ? LATE_MS : 0)
      const asOf = formatInstantNs(possibleInstant('at', { ms, ns: 0 }, arrival.receivedAt))
      const { tradeDate, session } = placeOf(symbol, ms)
      return {
        ...fields,
        symbol,
        asOf,
        tradeDate,
        source: SOURCE,
        feed: isDelayed ? ('delayed' as const) : feed,
        ...numbered(arrival),
        ...(session !== undefined && { session })
      }
    }

    function tradeOf(message: LineTrade): MarketEvent {
      const { price, size, at, id, symbol } = message
      const execution = { price, size, currency: 'USD', ...(id !== undefined && { tradeId: id }) }
      const trade = stamped(execution, message, at)
      return { type: 'trade', data: { symbol, trade, timestamp: trade.asOf } }
    }

    function bboOf(message: LineBbo): MarketEvent {
      const { tell: _tell, symbol, isDelayed: _isDelayed, ...sides } = message
      const bbo: Bbo = stamped({ ...sides, currency: 'USD' }, message)
      return { type: 'bbo', data: { symbol, bbo, timestamp: bbo.asOf } }
    }

    function haltOf(message: LineHalt): MarketEvent {
      const { symbol, code } = message
      const meaning = HALT_OF_CODE[code]
      if (!meaning) throw new FieldError('code', `${code} is not known`)
      const halt: Halt = stamped({ ...meaning, ...(code !== 0 && { reasonCode: String(code) }) }, message)
      return { type: 'halt', data: { symbol, halt, timestamp: halt.asOf } }
    }
  }
}

function numbered({ receivedAt, fence, nextSequence }: Arrival) {
  return { receivedAt: isoOf(receivedAt), fence, sequence: nextSequence() }
}
