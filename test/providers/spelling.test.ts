import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseSymbol } from '../../src/market/symbol.ts'
import * as alphaVantage from '../../src/providers/alpha-vantage/listing.ts'
import * as fmp from '../../src/providers/fmp/listing.ts'
import * as tiingo from '../../src/providers/tiingo/client.ts'
import { toYahooSymbol } from '../../src/providers/yahoo/symbols.ts'
import { runsOf } from '../support/depth.ts'

const root = fc.stringMatching(/^[A-Z]{1,5}$/)
const joined = (...parts: fc.Arbitrary<string>[]) => fc.tuple(...parts).map((texts) => texts.join(''))

/** Canonical symbols of every family. */
const symbols = fc
  .oneof(
    root,
    joined(root, fc.stringMatching(/^\.([A-Z]|PR[A-Z]|WS[A-Z]?|RT|WI)$/)),
    joined(
      fc.stringMatching(/^[A-Z0-9]{1,6}(-[A-Z])?\.$/),
      fc.constantFrom('L', 'F', 'V', 'TO', 'DE', 'PA', 'HK', 'SS', 'T')
    ),
    fc.stringMatching(/^(NSE|BSE):[A-Z0-9&]{1,10}$/),
    fc.stringMatching(/^\^[A-Z]{2,5}$/),
    fc.stringMatching(/^[A-Z]{3,5}-USD[TC]?$/),
    fc.stringMatching(/^[A-Z]{6}=X$/),
    fc.stringMatching(/^[A-Z]{2}=F$/)
  )
  .map((text) => parseSymbol(text)!)

/** How each vendor spells a canonical symbol (undefined where it is not asked for it), and reads its own spelling. */
const vendors: Record<
  string,
  [spell: (symbol: string) => string | undefined, read: (wire: string, symbol: string) => unknown]
> = {
  yahoo: [toYahooSymbol, parseSymbol],
  fmp: [
    (symbol) => fmp.listingOf(symbol)?.wire,
    // The vendor tells pairs by the exchange of the row.
    (wire, symbol) =>
      fmp.canonicalOf(wire, symbol.includes('-USD') ? 'CRYPTO' : symbol.endsWith('=X') ? 'FOREX' : 'NYSE')
  ],
  'alpha-vantage': [(symbol) => alphaVantage.listingOf(symbol)?.wire, alphaVantage.canonicalOf],
  tiingo: [tiingo.wireOf, (wire) => tiingo.canonicalOf(wire.toLowerCase())]
}

test.each(Object.entries(vendors))(
  '%s: what is asked for comes back under the name it was asked by',
  (_, [spell, read]) => {
    fc.assert(
      fc.property(symbols, (symbol) => {
        // A coin whose name ends like a dollar: where it parts from what it is priced in cannot be seen.
        fc.pre(!/USD[TC]?-USD/.test(symbol))
        const wire = spell(symbol)
        fc.pre(wire !== undefined)
        expect(read(wire, symbol)).toBe(symbol)
      }),
      { numRuns: runsOf(500) }
    )
  }
)

test.each(Object.entries(vendors))('%s: no two instruments are asked for by one spelling', (_, [spell]) => {
  fc.assert(
    fc.property(symbols, symbols, (one, other) => {
      const wire = spell(one)
      fc.pre(one !== other && wire !== undefined && !/USD[TC]?-USD/.test(one + other))
      expect(spell(other)).not.toBe(wire)
    })
  )
})
