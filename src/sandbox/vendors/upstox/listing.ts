import { contractQuote, type ContractQuote } from '../../contract-quotes.ts'
import type { Exchange } from '../../exchange.ts'
import { indianDerivatives, type SimulatedDerivative } from '../../indian-derivatives.ts'
import { keyOf } from '../../noise.ts'
import { isoOf } from '../../../market/time.ts'
import type { SimulatedQuote, TradedBar } from '../../quotes.ts'
import type { Instrument } from '../../universe/instrument.ts'
import { upstoxKeyOf } from './instrument-keys.ts'

const SEGMENT = /^(NSE|BSE|MCX)_FO\|/
const MAX_SPOTS = 200

/** The vendor's key of a contract. */
export const contractKeyOf = ({ exchange, token }: Pick<SimulatedDerivative, 'exchange' | 'token'>): string =>
  `${exchange}_FO|${token}`

/** What is told of something that is listed in India, whatever it is. */
export type Listed = {
  /** The vendor's key. */
  readonly key: string
  readonly isIndex: boolean
  readonly tickSize: number
  /** Of what else is made up about it. */
  readonly hash: number
  quote(at: number): ListedQuote
  /** Missing for contracts, whose past is not simulated. `from` inclusive, `to` exclusive, epoch milliseconds. */
  bars?(step: 'minute' | 'day', from: number, to: number): readonly TradedBar[]
}
export type ListedQuote = Omit<ContractQuote, 'figures'> & Partial<Pick<ContractQuote, 'figures'>>

/** All that the simulated Upstox tells of, by its keys: shares and indices, and the contracts on them that still trade. */
export class UpstoxListing {
  readonly #exchange: Exchange
  readonly #instruments: ReadonlyMap<string, Listed>
  #contracts: ReadonlyMap<string, Listed> = new Map()
  /** The session whose contracts these are. */
  #date = ''
  /** Of the instants that are being told: many contracts have one underlying. */
  readonly #spots = new Map<string, SimulatedQuote>()

  constructor(exchange: Exchange) {
    this.#exchange = exchange
    this.#instruments = new Map(
      exchange.instruments.flatMap((instrument) => {
        const key = upstoxKeyOf(instrument)
        if (key === undefined) return []
        const listed: Listed = {
          key,
          isIndex: instrument.kind === 'index',
          tickSize: 10 ** -instrument.decimals,
          hash: exchange.keyOf(instrument),
          quote: (at) => exchange.quote(instrument, at),
          bars: (step, from, to) =>
            step === 'day'
              ? exchange.dailyBars(instrument, isoOf(from).slice(0, 10), isoOf(to - 1).slice(0, 10))
              : exchange.intradayBars(instrument, { stepMinutes: 1, from, to, extendedHours: false })
        }
        return [[key, listed]]
      })
    )
  }

  find(key: string): Listed | undefined {
    return this.#instruments.get(key) ?? (SEGMENT.test(key) ? this.#listedToday().get(key) : undefined)
  }

  #listedToday(): ReadonlyMap<string, Listed> {
    const exchange = this.#exchange
    const at = exchange.now()
    const { date } = exchange.calendar(exchange.find('^NSEI')!).sessionAt(at)
    if (date === this.#date) return this.#contracts
    this.#date = date
    this.#contracts = new Map(
      indianDerivatives(exchange, at).map((contract) => {
        const key = contractKeyOf(contract)
        const hash = keyOf(exchange.seed, key)
        const quote = (instant: number) =>
          contractQuote(exchange, contract, this.#spot(contract.underlying, instant), instant)
        return [key, { key, isIndex: false, tickSize: 0.05, hash, quote }]
      })
    )
    return this.#contracts
  }

  #spot(underlying: Instrument, at: number): SimulatedQuote {
    const name = `${underlying.symbol} ${at}`
    let spot = this.#spots.get(name)
    if (!spot) {
      if (this.#spots.size >= MAX_SPOTS) this.#spots.clear()
      this.#spots.set(name, (spot = this.#exchange.quote(underlying, at)))
    }
    return spot
  }
}
