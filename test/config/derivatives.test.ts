import { expect, test } from 'vitest'
import { loadConfig } from '../../src/config/config.ts'

test('rules for derivatives are read by the names that their exchange gives the underlyings', () => {
  const { selection } = loadConfig({
    DERIVATIVES: 'NIFTY=weekly/20, midcpnifty=monthly/5,M&M=monthly/0,MCX:gold=monthly/3'
  })
  expect(selection).toEqual({
    rules: [
      { underlying: '^NSEI', series: 'weekly', strikes: 20 },
      { underlying: '^NIFTY_MID_SELECT', series: 'monthly', strikes: 5 },
      { underlying: 'NSE:M&M', series: 'monthly', strikes: 0 },
      { underlying: 'MCX:GOLD', series: 'monthly', strikes: 3 }
    ],
    most: 1900,
    recentreSteps: 2
  })
  expect(loadConfig({}).selection.rules).toEqual([])
})

test('rules and master files that cannot be are told by their variable', () => {
  for (const [name, value] of [
    ['DERIVATIVES', 'NIFTY'],
    ['DERIVATIVES', 'NIFTY=yearly/20'],
    ['DERIVATIVES', 'NIFTY=weekly/20,NIFTY=monthly/5'],
    ['UPSTOX_MASTERS', 'NSE,NYSE']
  ] as const) {
    expect(() => loadConfig({ [name]: value })).toThrow(new RegExp(`${name} `))
  }
})

test('master files are those of all simulated exchanges of India in the sandbox, and none unless asked for elsewhere', () => {
  expect(loadConfig({ SANDBOX_URL: 'http://127.0.0.1:3900/' }).masters).toEqual({
    exchanges: ['NSE', 'BSE', 'MCX'],
    baseUrl: 'http://127.0.0.1:3900/upstox-assets/market-quote/instruments/exchange'
  })
  expect(loadConfig({ MARKET: 'live' }).masters).toEqual({ exchanges: [], baseUrl: undefined })
  expect(loadConfig({ MARKET: 'live', UPSTOX_MASTERS: 'MCX, NSE' }).masters.exchanges).toEqual(['NSE', 'MCX'])
})
