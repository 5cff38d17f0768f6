import { Value } from './value.ts'

const KEY = 'quotewire.watchlist'
export const MAX_WATCHED = 5000
/** Of somebody who has not chosen yet. */
export const WELL_KNOWN = ['AAPL', 'MSFT', 'NVDA', 'AMZN', 'GOOGL', 'META', 'TSLA', 'JPM', 'XOM', 'SPY', 'BTC-USD']

/** Canonical symbols, in the order in which they were added. This browser keeps them: names only, of no user and no key. */
export const watched = new Value<readonly string[]>(kept())

addEventListener('storage', ({ key }) => {
  if (key === KEY) watched.set(kept())
})

/** Adds what is not there yet; returns how many were added, which the list's limit may make fewer. */
export function watch(symbols: readonly string[]): number {
  const now = [...new Set([...watched.now, ...symbols])].slice(0, MAX_WATCHED)
  const added = now.length - watched.now.length
  if (added > 0) keep(now)
  return added
}

/** Takes a symbol off the list. */
export function unwatch(symbol: string): void {
  keep(watched.now.filter((each) => each !== symbol))
}

function keep(symbols: readonly string[]): void {
  localStorage.setItem(KEY, JSON.stringify(symbols))
  watched.set(symbols)
}

/** What is there may have been written by anything. */
function kept(): readonly string[] {
  try {
    const held: unknown = JSON.parse(localStorage.getItem(KEY) ?? 'null')
    if (Array.isArray(held)) return held.filter((each) => typeof each === 'string').slice(0, MAX_WATCHED)
  } catch {
    // As if nothing was there.
  }
  return WELL_KNOWN
}
