import { withoutUnknownInterest, type OptionChain, type OptionContract } from '../market/option-chain.ts'
import type { Judgement } from './quality.ts'

/**
 * Leaves out figures that cannot be: bids above asks, deltas beyond 1, and an open interest of 0 in a whole chain that
 * trades, which is how vendors say that they have none.
 */
export function judgeOptions(chain: OptionChain): Judgement<OptionChain> {
  const known = withoutUnknownInterest(chain.contracts)
  const isWithoutInterest = known !== chain.contracts
  const contracts = known.map(withoutImpossible)
  const count = contracts.filter((contract, place) => contract !== known[place]).length
  const notes = [
    ...(isWithoutInterest
      ? ['open interest left out: the vendor tells 0 at every strike although contracts trade']
      : []),
    ...(count > 0 ? [`figures of ${count} contracts left out: bids above asks, or deltas beyond 1`] : [])
  ]
  if (notes.length === 0) return { value: chain, doubts: [] }
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
