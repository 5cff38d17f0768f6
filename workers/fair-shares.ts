/** A symbol that somebody follows and that is due, and since when: epoch ms of the value that is held. */
export type DueSymbol = { readonly symbol: string; readonly receivedAt: number }

/**
 * The order in which symbols are served so that nobody waits for another one's long list: each user's oldest first, then
 * each one's second oldest, and so on; of one round the oldest first. A symbol of several users has its best place.
 */
export function inFairOrder(dueByUser: Iterable<readonly DueSymbol[]>): string[] {
  const places = new Map<string, { round: number; receivedAt: number }>()
  for (const due of dueByUser) {
    for (const [round, { symbol, receivedAt }] of due.toSorted(byAge).entries()) {
      if (round < (places.get(symbol)?.round ?? Infinity)) places.set(symbol, { round, receivedAt })
    }
  }
  return [...places].sort(([, a], [, b]) => a.round - b.round || byAge(a, b)).map(([symbol]) => symbol)
}

/**
 * At most so many items of all lists together, as many of each as of any other; of a list that is cut, those from a
 * place on that is drawn anew each time.
 */
export function shareOut<T>(lists: readonly (readonly T[])[], limit: number, random = Math.random): T[][] {
  const shares: T[][] = []
  let left = limit
  const shortestFirst = lists.toSorted((a, b) => a.length - b.length)
  for (const [at, list] of shortestFirst.entries()) {
    const share = Math.min(list.length, Math.floor(left / (lists.length - at)))
    const first = share < list.length ? Math.floor(random() * list.length) : 0
    shares.push([...list, ...list].slice(first, first + share))
    left -= share
  }
  return shares
}

const byAge = (a: { receivedAt: number }, b: { receivedAt: number }) => a.receivedAt - b.receivedAt
