import { describe, expect, test } from 'vitest'
import { exchangeMembers } from '../../src/market/exchange.ts'
import { EXCHANGES } from '../../src/market/exchanges.ts'

describe('an exchange has one MIC and one name, whichever vendor names it', () => {
  test.each([
    ['AAPL', 'XNAS', 'NASDAQ', ['NMS', 'NGM', 'NCM', 'NasdaqGS', 'NASDAQ', 'NASDAQ Global Select']],
    ['KO', 'XNYS', 'NYSE', ['NYQ', 'NYSE', 'New York Stock Exchange']],
    ['IMO', 'XASE', 'NYSE American', ['ASE', 'NYSE MKT']],
    ['SPY', 'ARCX', 'NYSE Arca', ['PCX', 'NYSEArca', 'NYSE ARCA']],
    ['XYZ', 'BATS', 'Cboe BZX', ['BTS', 'BATS', 'Cboe US']],
    ['ABCDF', 'OTCM', 'OTC Markets', ['PNK', 'OQX', 'OTC', 'PINK', 'OTC Markets OTCPK']],
    ['OCDO.L', 'XLON', 'London Stock Exchange', ['LSE', 'London', 'a name that is not known', undefined]],
    ['SAP.DE', 'XETR', 'Xetra', ['GER', 'XETRA', 'Deutsche Börse']],
    ['NSE:RELIANCE', 'XNSE', 'NSE', ['NSI', 'NSE', undefined]],
    ['BSE:500325', 'XBOM', 'BSE', ['BSE', 'Bombay', 'Bombay Stock Exchange']],
    ['BTC-USD', undefined, 'Crypto', ['CCC', 'CRYPTO', undefined]],
    ['EURUSD=X', undefined, 'Forex', ['CCY', 'FOREX', undefined]]
  ])('%s', (symbol, mic, exchange, told) => {
    expect(told.map((name) => exchangeMembers(symbol, name))).toEqual(told.map(() => ({ mic, exchange })))
  })

  test('one that nobody knows is told as the vendor names it, without a code that would be a guess', () => {
    expect(exchangeMembers('ABCD', 'Moon Board')).toEqual({ mic: undefined, exchange: 'Moon Board' })
    // FMP says it of NYSE Arca and of NYSE American.
    expect(exchangeMembers('SPY', 'AMEX')).toEqual({ mic: undefined, exchange: 'AMEX' })
  })

  test('what is no exchange is told as none', () => {
    expect(exchangeMembers('^GSPC', 'INDEX')).toEqual({ mic: undefined, exchange: undefined })
  })

  test('no code, name or suffix means two exchanges, and each zone exists', () => {
    const codes = EXCHANGES.flatMap(({ codes, name, mic = name }) => [
      ...new Set([...codes, name.toUpperCase(), mic.toUpperCase()])
    ])
    expect(new Set(codes).size).toBe(codes.length)
    const suffixes = EXCHANGES.flatMap((each) => each.suffixes)
    expect(new Set(suffixes).size).toBe(suffixes.length)
    for (const { timeZone } of EXCHANGES) expect(() => new Intl.DateTimeFormat('en', { timeZone })).not.toThrow()
  })
})
