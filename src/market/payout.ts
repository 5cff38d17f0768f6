/** Nobody pays out what a share costs and leaves a share behind; large special payouts are half of it. */
const IMPOSSIBLE_YIELD = 1

/** What is to be said of a payout of as much as a share cost before it, or more; undefined for any other. */
export function impossiblePayout(amount: number, exDate: string, price: number): string | undefined {
  if (!(price > 0 && amount / price >= IMPOSSIBLE_YIELD)) return undefined
  return `the payout of ${amount} on ${exDate} is ${Number((amount / price).toPrecision(3))} times the price`
}
