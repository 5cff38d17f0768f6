import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { QuoteWatch } from '../../src/demand/quote-watch.ts'

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
