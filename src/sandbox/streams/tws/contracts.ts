import { offsetMs } from '../../../market/zoned-time.ts'
import type { Exchange } from '../../exchange.ts'
import type { Instrument } from '../../universe/instrument.ts'

/** Where TWS knows what it lists, by the venues of the simulated exchange. */
const EXCHANGES: Partial<Readonly<Record<Instrument['venue'], string>>> = {
  nasdaq: 'NASDAQ',
  nyse: 'NYSE',
  arca: 'ARCA'
}
const FIRST_CON_ID = 100_001
/** Of US shares: hundredths of a cent below a dollar, cents from there on. */
export const US_RULE = 26
export const US_STEPS = [0, 0.0001, 1, 0.01]
/** As TWS calls New York's. */
const ZONE = 'US/Eastern'
/** Sessions that are told, with the one that opened last. */
const SESSIONS_TOLD = 5

/** What TWS calls what is listed. */
export class Contracts {
  readonly #exchange: Exchange
  readonly #conIds: ReadonlyMap<Instrument, number>

  constructor(exchange: Exchange) {
    this.#exchange = exchange
    this.#conIds = new Map(exchange.instruments.map((instrument, at) => [instrument, FIRST_CON_ID + at]))
  }

  /** By what a client names it; undefined for what TWS would not find. */
  find({ conId, symbol, secType }: { conId: string; symbol: string; secType: string }): Instrument | undefined {
    const instrument = Number(conId) > 0 ? this.#numbered(Number(conId)) : this.#exchange.find(symbol.replace(' ', '.'))
    const isShare = secType === 'STK' || secType === ''
    return instrument && isShare && EXCHANGES[instrument.venue] !== undefined ? instrument : undefined
  }

  #numbered(conId: number): Instrument | undefined {
    return this.#exchange.instruments[conId - FIRST_CON_ID]
  }

  /** The fields of a contract as version 187 lays them out, behind the id of the request. */
  details(instrument: Instrument): (string | number)[] {
    const { symbol, name, kind, venue, industry = '', sector = '' } = instrument
    const spelling = symbol.replace('.', ' ')
    const listing = EXCHANGES[venue]!
    const exchanges = `SMART,${listing}`
    const contract = [
      spelling,
      'STK',
      '',
      '',
      0,
      '',
      'SMART',
      'USD',
      spelling,
      listing,
      listing,
      this.#conIds.get(instrument)!
    ]
    const trading = [US_STEPS.at(-1)!, '', 'LMT,MKT', exchanges, 1, 0]
    const company = [name, listing, '', sector, industry, industry]
    const hours = [ZONE, ...this.#hours(instrument), '', '', 0, 1, '', '']
    const sizes = [kind === 'etf' ? 'ETF' : 'COMMON', 0.0001, 0.0001, 100, 0]
    return [...contract, ...trading, ...company, ...hours, `${US_RULE},${US_RULE}`, '', ...sizes]
  }

  /** When it trades, and when it is liquid. */
  #hours(instrument: Instrument): [string, string] {
    const calendar = this.#exchange.calendar(instrument)
    const { index: last } = calendar.sessionAt(this.#exchange.now())
    const sessions = Array.from({ length: SESSIONS_TOLD }, (_, at) => calendar.session(last + at))
    const listed = (spans: readonly (readonly [number, number])[]) =>
      spans.map((span) => span.map(wallTime).join('-')).join(';')
    return [
      listed(sessions.map(({ preOpen, postClose }) => [preOpen, postClose])),
      listed(sessions.map(({ open, close }) => [open, close]))
    ]
  }
}

/** `20260406:0930` */
function wallTime(instant: number): string {
  const digits = new Date(instant + offsetMs(ZONE, instant)).toISOString().replaceAll(/[-:]/g, '')
  return `${digits.slice(0, 8)}:${digits.slice(9, 13)}`
}
