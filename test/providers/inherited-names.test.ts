import { describe, expect, test } from 'vitest'
import { countryNamed } from '../../src/market/country.ts'
import { exchangeNamed, exchangeOfSuffix } from '../../src/market/exchanges.ts'
import { sectorNamed } from '../../src/market/sector.ts'
import { alphaVantage } from '../../src/providers/alpha-vantage/alpha-vantage.ts'
import { fmp } from '../../src/providers/fmp/fmp.ts'
import { currencyUnit } from '../../src/providers/parse.ts'
import { tiingo } from '../../src/providers/tiingo/tiingo.ts'
import { kindOf } from '../../src/providers/yahoo/kinds.ts'
import { connect, quoted } from './answers.ts'
import { json, signal } from './vendor-server.ts'

/** Names that every object of the language has, whatever stands in it. */
const INHERITED = ['constructor', 'toString', '__proto__', 'hasOwnProperty', 'valueOf']

describe.each(INHERITED)('where a vendor writes %s for a word of a list', (word) => {
  test('it is in no table', () => {
    expect([exchangeNamed(word), exchangeOfSuffix(word), sectorNamed(word), countryNamed(word)]).toEqual(
      Array(4).fill(undefined)
    )
    expect(currencyUnit(word)).toMatchObject({ currency: undefined, isCertain: false })
    expect(kindOf(word)).toBe('other')
  })

  test('a quote of Yahoo has no market state and no MIC', async () => {
    const quote = await quoted('ACME', { marketState: word, quoteType: word, exchange: word, currency: word })
    expect(quote).toMatchObject({ symbol: 'ACME', price: 309 })
    expect([quote!.marketState, quote!.mic]).toEqual([undefined, undefined])
  })

  test('a match of FMP, Alpha Vantage and Tiingo has no kind', async () => {
    const row = { symbol: 'ACME', name: 'Acme', exchange: word, currency: 'USD' }
    const match = { '1. symbol': 'ACME', '2. name': 'Acme', '3. type': word, '8. currency': 'USD' }
    const providers = [
      await connect(fmp, json([row])),
      await connect(alphaVantage, json({ bestMatches: [match] })),
      await connect(tiingo, json([{ ticker: 'ACME', name: 'Acme', assetType: word, countryCode: word }]))
    ]
    for (const provider of providers) {
      const { matches } = await provider.search!('acme', 5, signal)
      expect(matches).toMatchObject([{ symbol: 'ACME', name: 'Acme' }])
      expect(matches[0]).not.toHaveProperty('kind')
      expect(matches[0]).not.toHaveProperty('country', word)
    }
  })

  test('a statement of Tiingo has no such line', async () => {
    const lines = [
      { dataCode: word, value: 7 },
      { dataCode: 'revenue', value: 100 }
    ]
    const statement = { date: '2026-03-31', year: 2026, quarter: 1, statementData: { incomeStatement: lines } }
    const provider = await connect(tiingo, ({ path }) => json(path.includes('statements') ? [statement] : []))
    const { statements } = await provider.fundamentals!('ACME', signal)
    expect(statements[0]!.lines).toEqual({ revenue: 100 })
  })
})
