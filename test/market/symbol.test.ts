import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseSymbol } from '../../src/market/symbol.ts'
import { runsOf } from '../support/depth.ts'

describe('every spelling of a listing is one symbol', () => {
  test.each([
    ['BRK.B', ['brk.b', 'BRK-B', 'BRK B', 'BRK/B', ' brk-b ']],
    ['BAC.PRL', ['BAC.PRL', 'BAC-PL', 'BAC-PRL', 'BAC PRL', 'BAC/PRL', 'BAC-P-L', 'BAC.PR.L']],
    ['PSA.PRR', ['PSA-PR', 'PSA.PRR', 'PSA-P-R']],
    ['ABC.WS', ['ABC.WS', 'ABC-WT', 'ABC-WS', 'ABC/WS', 'ABC+']],
    ['ABC.WSA', ['ABC.WS.A', 'ABC-WTA', 'ABC-WS-A']],
    ['ABC.U', ['ABC.U', 'ABC-UN', 'ABC/U', 'ABC U']],
    ['ABC.RT', ['ABC.RT', 'ABC-RI']],
    ['NSE:RELIANCE', ['RELIANCE.NS', 'reliance.ns', 'NSE:RELIANCE']],
    ['NSE:M&M', ['M&M.NS']],
    ['BSE:500325', ['500325.BO', 'BSE:500325']],
    ['BTC-USD', ['BTCUSD', 'BTC/USD', 'btc-usd']],
    ['BTC-USDT', ['BTCUSDT', 'BTC/USDT', 'BTC-USDT']],
    ['BTC-EUR', ['BTCEUR', 'BTC/EUR']],
    ['EURUSD=X', ['EURUSD', 'EUR/USD', 'eurusd=x']],
    ['USDJPY=X', ['JPY=X', 'USDJPY', 'USD/JPY']],
    ['RCI-B.TO', ['RCI.B.TO', 'RCI B.TO', 'RCI/B.TO', 'RCI-B.TO']],
    ['VOLV-B.ST', ['VOLV B.ST', 'VOLV.B.ST', 'VOLV/B.ST']],
    ['REI-UN.TO', ['REI.UN.TO', 'REI UN.TO', 'REI-UN.TO']],
    ['BCE-PA.TO', ['BCE.PR.A.TO', 'BCE-PR-A.TO', 'BCE.PRA.TO', 'BCE-PA.TO']],
    ['ABC-WTB.V', ['ABC.WT.B.V', 'ABC-WTB.V']]
  ])('%s', (canonical, spellings) => {
    expect(spellings.map(parseSymbol)).toEqual(spellings.map(() => canonical))
  })
})

describe('what may be another instrument stays apart', () => {
  test.each([
    ['a class share and a listing in London', ['OCDO-L', 'OCDO.L']],
    ['a class share and a listing in Frankfurt', ['ABC/F', 'ABC.F']],
    ['a listing in Toronto and a share of the same letters', ['T.TO', 'T']],
    ['preferred shares and a listing in Prague', ['CEZ.PR', 'CEZ.PRA']],
    ['shares of five letters that end like a dollar', ['ABUSD', 'AB-USD']],
    ['a fund that is called like the dollar', ['USD', 'USDUSD=X']],
    ['coins against the dollar and against a coin that follows it', ['BTC-USD', 'BTC-USDT', 'BTC-USDC']],
    ['a coin that follows the dollar', ['USDT-USD', 'USDT']],
    ['both exchanges of Mumbai', ['RELIANCE.NS', 'RELIANCE.BO', 'RELIANCE']],
    ['a word that ends like a coin', ['ELIZABETH', 'ELIZAB-ETH']],
    ['series of one issuer', ['BAC.PRL', 'BAC.PRB', 'BAC.L', 'BAC']],
    ['classes of one issuer', ['HEI.A', 'HEI', 'HEI.B']]
  ])('%s', (_, symbols) => {
    const parsed = symbols.map(parseSymbol)
    expect(new Set(parsed).size).toBe(symbols.length)
    expect(parsed).not.toContain(undefined)
  })

  test.each(['BF.B', 'HEI.A', 'CRD.A', 'MOG.A', 'RDS.A', 'PBR.A', 'OCDO.L', 'T.TO', '7203.T', '130A.T', 'SEB-A.ST'])(
    '%s is canonical',
    (symbol) => {
      expect(parseSymbol(symbol)).toBe(symbol)
    }
  )

  test.each(['EUR/BTC', 'A/B/C', 'BRK  B', 'BRK B C', '/', 'BTC/', 'ſpy'])('%s is no symbol', (text) => {
    expect(parseSymbol(text)).toBeUndefined()
  })
})

test('a canonical symbol is read as itself', () => {
  const texts = fc.oneof(
    fc.stringMatching(/^\^?[A-Za-z0-9]{1,7}([ ./:&=+_-][A-Z0-9]{1,4}){0,2}$/),
    fc.stringMatching(/^[A-Z]{1,5}([ ./-](PR|P|WS|WT|UN|RT|RI|WI|U)?[ ./-]?[A-Z]?)(\.[A-Z]{1,3})?$/),
    fc.stringMatching(/^[A-Z0-9]{2,8}(USDT|USDC|USD|EUR|BTC)$/)
  )
  fc.assert(
    fc.property(texts, (text) => {
      const symbol = parseSymbol(text)
      fc.pre(symbol !== undefined)
      expect(parseSymbol(symbol)).toBe(symbol)
    }),
    { numRuns: runsOf(3000) }
  )
})
