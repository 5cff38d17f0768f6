import { withoutUnknownInterest, type OptionChain, type OptionContract } from '../market/option-chain.ts'
import { HOUR_MS } from '../market/time.ts'
import type { Judgement } from './quality.ts'

/** A volatility of 10 is one of 1000 % a year: of half of a chain it is one in percent. */
const VOLATILITY_IN_PERCENT = 10
const OCC_TERMS = /(\d{2})(\d{2})(\d{2})([CP])(\d{8})$/

/** The last zone on Earth is behind UTC by as much: a date is over everywhere when it is over there. */
const LAST_ZONE_MS = 12 * HOUR_MS

/**
 * Leaves out contracts that have expired, those whose symbol names another expiry, side or strike than they are told with,
 * and figures that cannot be: bids above asks, deltas beyond 1, volatilities in percent, and an open interest of 0 in a whole
 * chain that trades, which is how vendors say that they have none. `now` in epoch milliseconds.
 */
export function judgeOptions(chain: OptionChain, now: number): Judgement<OptionChain> {
  const today = new Date(now - LAST_ZONE_MS).toISOString().slice(0, 10)
  const expiries = chain.expiries.filter((expiry) => expiry >= today)
  const running = chain.contracts.filter(({ expiry }) => expiry >= today)
  const consistent = running.filter(isAsNamed)
  if (chain.contracts.length > 0 && consistent.length === 0) {
    const reason =
      running.length === 0
        ? 'all contracts have expired'
        : 'the symbols of all contracts name other terms than they are told with'
    return { value: chain, doubts: [{ rule: 'no-possible-contract', severity: 'hard', reason }] }
  }
  const plain = withoutPercents(consistent)
  const known = withoutUnknownInterest(plain)
  const contracts = known.map(withoutImpossible)
  const [expired, misnamed] = [chain.contracts.length - running.length, running.length - consistent.length]
  const impossible = contracts.filter((contract, place) => contract !== known[place]).length
  const notes = [
    expired > 0 ? `${expired} contracts left out: they have expired` : undefined,
    misnamed > 0 ? `${misnamed} contracts left out: their symbols name other terms` : undefined,
    plain !== consistent ? 'volatilities left out: the vendor tells them in another unit' : undefined,
    known !== plain ? 'open interest left out: the vendor tells 0 at every strike although contracts trade' : undefined,
    impossible > 0 ? `figures of ${impossible} contracts left out: bids above asks, or deltas beyond 1` : undefined
  ].filter((note) => note !== undefined)
  if (notes.length === 0 && expiries.length === chain.expiries.length) return { value: chain, doubts: [] }
  const provenance = { ...chain.provenance, notes: [...(chain.provenance.notes ?? []), ...notes] }
  return { value: { ...chain, expiries, contracts, provenance }, doubts: [] }
}

/** A symbol that is not spelled as the OCC spells them names nothing. */
function isAsNamed({ symbol, expiry, side, strike }: OptionContract): boolean {
  const [, year, month, day, letter, thousandths] = OCC_TERMS.exec(symbol) ?? []
  if (thousandths === undefined) return true
  const isOfSide = letter === (side === 'call' ? 'C' : 'P')
  return isOfSide && expiry === `20${year}-${month}-${day}` && Math.abs(Number(thousandths) - strike * 1000) < 1
}

/** The same array where volatilities are fractions. */
function withoutPercents(contracts: OptionContract[]): OptionContract[] {
  const told = contracts.filter(({ impliedVolatility }) => impliedVolatility !== undefined)
  const inPercent = told.filter(({ impliedVolatility }) => impliedVolatility! >= VOLATILITY_IN_PERCENT)
  if (inPercent.length === 0 || inPercent.length * 2 < told.length) return contracts
  return contracts.map(({ impliedVolatility: _unknown, ...rest }) => rest)
}

function withoutImpossible(contract: OptionContract): OptionContract {
  const isCrossed = contract.bid !== undefined && contract.ask !== undefined && contract.bid > contract.ask
  const isBeyond = contract.delta !== undefined && Math.abs(contract.delta) > 1
  if (!isCrossed && !isBeyond) return contract
  const { bid, ask, delta, ...rest } = contract
  return {
    ...rest,
    ...(!isCrossed && bid !== undefined && { bid }),
    ...(!isCrossed && ask !== undefined && { ask }),
    ...(!isBeyond && delta !== undefined && { delta })
  }
}
