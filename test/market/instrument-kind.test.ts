import { describe, expect, test } from 'vitest'
import { kindOfSymbol } from '../../src/market/instrument-kind.ts'

describe('the kind that a symbol tells', () => {
  test.each([
    ['^GSPC', 'index'],
    ['EURUSD=X', 'fx'],
    ['BTC-USD', 'crypto'],
    ['ES=F', 'future'],
    ['CLF27.NYM', 'future'],
    ['AAPL261218C00250000', 'option']
  ])('%s is told as %s whichever vendor quotes it', (symbol, kind) => {
    expect(kindOfSymbol(symbol)).toBe(kind)
  })

  test.each(['AAPL', 'SPY', 'BRK.B', 'OCDO.L', 'NSE:RELIANCE', 'BAC-PL', 'PBR-A', '7203.T'])(
    '%s may be a share or a fund, so its spelling tells none',
    (symbol) => {
      expect(kindOfSymbol(symbol)).toBeUndefined()
    }
  )
})
