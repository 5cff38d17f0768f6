import type { OptionChain, OptionContract } from '../market/option-chain.ts'
import type { Judgement } from './quality.ts'

/** Where so many contracts traded and none is open at any strike, the vendor has no open interest. */
const TRADED_WITHOUT_INTEREST = 100

/**
 * Leaves out figures that cannot be: bids above asks, deltas beyond 1, and an open interest of 0 in a whole chain that
 * trades, which is how vendors say that they have none.
 */
export function judgeOptions(chain: OptionChain): Judgement<OptionChain> {
  const sum = (figure: 'volume' | 'openInterest') =>
    chain.contracts.reduce((total, contract) => total + (contract[figure] ?? 0), 0)
  const hasInterest = chain.contracts.some(({ openInterest }) => openInterest !== undefined)
  const isWithoutInterest = hasInterest && sum('openInterest') === 0 && sum('volume') >= TRADED_WITHOUT_INTEREST
  const cleaned = chain.contracts.map(withoutImpossible)
  const count = cleaned.filter((contract, place) => contract !== chain.contracts[place]).length
  const notes = [
    ...(isWithoutInterest
      ? ['open interest left out: the vendor tells 0 at every strike although contracts trade']
      : []),
    ...(count > 0 ? [`figures of ${count} contracts left out: bids above asks, or deltas beyond 1`] : [])
  ]
  if (notes.length === 0) return { value: chain, doubts: [] }
  const contracts = isWithoutInterest ? cleaned.map(({ openInterest: _none, ...contract }) => contract) : cleaned
  const provenance = { ...chain.provenance, notes: [...(chain.provenance.notes ?? []), ...notes] }
  return { value: { ...chain, contracts, provenance }, doubts: [] }
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
