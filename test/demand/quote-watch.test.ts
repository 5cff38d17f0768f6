import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { QuoteWatch } from '../../src/demand/quote-watch.ts'
import { SymbolNotFound } from '../../src/errors.ts'

const SYMBOLS = Array.from({ length: 8000 }, (_, at) => `S${at}`)

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

test('every quote that clients follow has its turn, however many have to be looked at again soon', async () => {
  const lookedAt = new Set<string>()
  const heldQuotes = async (symbols: readonly string[]) => {
    for (const symbol of symbols) lookedAt.add(symbol)
    return symbols.map(() => undefined)
  }
  const log = { debug: () => undefined }
  const watch = new QuoteWatch({
    marketData: { heldQuotes },
    tellStale: () => undefined,
    onUnknown: () => undefined,
    log
  })
  for (const symbol of SYMBOLS) watch.follow(symbol)
  await vi.advanceTimersByTimeAsync(60_000)
  expect(lookedAt.size).toBe(SYMBOLS.length)
  await watch.close()
})

test('who follows a chain keeps its contracts, though nobody who is asked quotes them', async () => {
  const ended = new Set<string>()
  const watch = new QuoteWatch({
    marketData: { heldQuotes: async (symbols) => symbols.map((symbol) => new SymbolNotFound(symbol, [])) },
    tellStale: () => undefined,
    onUnknown: (unknown) => unknown.forEach((_, symbol) => ended.add(symbol)),
    log: { debug: () => undefined }
  })
  for (const symbol of ['NOSUCH', 'AAPL261218C00250000', 'NSE:NIFTY261201C25000']) watch.follow(symbol)
  await vi.advanceTimersByTimeAsync(60_000)
  expect([...ended]).toEqual(['NOSUCH'])
  await watch.close()
})
