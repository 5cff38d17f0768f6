import { optionNamed } from '../../../market/option-symbol.ts'
import type { Exchange } from '../../exchange.ts'
import { integerBetween, keyOf, mix, uniform } from '../../noise.ts'
import { optionChain, type SimulatedOption } from '../../option-chains.ts'
import { WireInstant, type Channel, type Message } from './connection.ts'

/** Of the ticks of a contract so many bring a trade. */
const TRADED_SHARE = 0.2
/** Chains of the instants that are being told: many contracts are of one. */
const MAX_CHAINS = 100

/** Contracts on shares of the simulated exchange, as the stream of options tells them. */
export class OptionTape {
  readonly #exchange: Exchange
  readonly #chains = new Map<string, ReadonlyMap<string, SimulatedOption>>()

  constructor(exchange: Exchange) {
    this.#exchange = exchange
  }

  /** What is told of a contract at a tick, of the channels that are listened to; nothing while its underlying does not trade. */
  messages(symbol: string, at: number, on: (channel: Channel) => boolean): Message[] {
    const contract = this.#contractOf(symbol, at)
    if (!contract) return []
    const { bid, ask, last } = contract
    const key = mix(keyOf(this.#exchange.seed, symbol), Math.floor(at / 1000))
    const t = new WireInstant(at)
    const size = (part: number) => integerBetween(1, 50, key, part)
    const quote = { T: 'q', S: symbol, bx: 'C', bp: bid, bs: size(1), ax: 'C', ap: ask, as: size(2), c: 'R', t }
    const trade = { T: 't', S: symbol, x: 'C', p: last, s: size(3), c: 'I', t }
    const isTraded = uniform(key, 4) < TRADED_SHARE
    return [...(on('quotes') ? [quote] : []), ...(on('trades') && isTraded ? [trade] : [])]
  }

  #contractOf(symbol: string, at: number): SimulatedOption | undefined {
    const { underlying, expiry = '' } = optionNamed(symbol) ?? {}
    const instrument = underlying === undefined ? undefined : this.#exchange.find(underlying)
    if (!instrument) return undefined
    const name = `${instrument.symbol} ${expiry} ${at}`
    let chain = this.#chains.get(name)
    if (!chain) {
      const isOpen = this.#exchange.quote(instrument, at).phase === 'regular'
      const contracts = isOpen ? optionChain(this.#exchange, instrument, expiry, at) : []
      if (this.#chains.size >= MAX_CHAINS) this.#chains.clear()
      this.#chains.set(name, (chain = new Map(contracts.map((each) => [each.symbol, each]))))
    }
    return chain.get(symbol)
  }
}
