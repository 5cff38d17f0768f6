import { describe, expect, test } from 'vitest'
import { judgeMovers, judgeSectors } from '../../src/gateway/market-wide-quality.ts'
import type { Mover, MoverKind } from '../../src/market/market-wide.ts'
import type { Provenance } from '../../src/market/provenance.ts'
import { shippedHours } from '../support/hours.ts'

const provenance: Provenance = {
  source: 'fmp',
  feed: 'composite',
  receivedAt: '2026-11-20T15:00:00Z',
  state: 'live',
  attempts: []
}
const mover = (symbol: string, figures: Partial<Mover> = {}): Mover => ({
  symbol,
  price: 12,
  changePercent: 20,
  ...figures
})
const judge = (movers: Mover[], type: MoverKind = 'gainers') =>
  judgeMovers({ type, movers, provenance }, Date.now(), shippedHours)
const symbolsOf = (movers: Mover[], type?: MoverKind) => judge(movers, type).value.movers.map(({ symbol }) => symbol)

describe('a list of movers shows shares that moved', () => {
  test.each([
    ['a mutual fund', mover('VFIAX')],
    ['a warrant by its fifth letter', mover('OHAAW')],
    ['a right', mover('BRKHR')],
    ['a unit', mover('SVIIU')],
    ['a warrant behind a dot', mover('GAQ.WS')],
    ['a warrant behind a dash', mover('AMPX-WT')],
    ['a warrant behind a plus', mover('GAQ+')],
    ['a warrant by its name', mover('ABCD', { name: 'Generation Asia I Acquisition Ltd - Warrants' })],
    ['a right by its name', mover('ABCD', { name: 'Bright Horizons Acquisition Right' })],
    ['a fund by its name', mover('TSLL', { name: 'Direxion Daily TSLA Bull 2X Shares' })],
    ['an exchange-traded fund by its name', mover('SOXS', { name: 'Semiconductor Bear ETF' })],
    ["a fund by the vendor's kind", mover('TQQQ', { kind: 'etf' })]
  ])('%s is left out', (_, odd) => {
    const { value, doubts } = judge([odd, mover('NVDA')])
    expect(value.movers.map(({ symbol }) => symbol)).toEqual(['NVDA'])
    expect(value.provenance.notes).toEqual(['left out 1 that are no shares but funds, warrants, rights or units'])
    expect(doubts).toEqual([])
  })

  test.each([
    ['a price of nothing', { price: 0 }],
    ['a loss of everything', { changePercent: -100 }],
    ['a change that is the whole price', { price: 12, change: 12, changePercent: 900 }],
    ['a percent that price and change do not give', { price: 12, change: 2, changePercent: 80 }],
    ['no number', { changePercent: NaN }]
  ])('a row with %s is dropped', (_, figures) => {
    const { value } = judge([mover('ODD', figures), mover('NVDA')])
    expect(value.movers.map(({ symbol }) => symbol)).toEqual(['NVDA'])
    expect(value.provenance.notes).toEqual(['dropped for impossible figures: ODD'])
  })

  test.each([
    ['class shares', mover('BRK.B')],
    ['five letters that mean nothing', mover('GOOGL')],
    ['a partnership', mover('ET', { name: 'Energy Transfer LP Common Units' })],
    ['a name that only sounds like a right', mover('WRGT', { name: 'Wright Medical Group' })],
    ['a trust of real estate', mover('O', { name: 'Realty Income Trust' })],
    ['a share that the vendor calls one', mover('AAPL', { kind: 'equity', change: 2, changePercent: 20 })]
  ])('%s stay', (_, good) => expect(symbolsOf([good])).toEqual([good.symbol]))

  test('gainers have risen and losers fallen, the furthest first, each once', () => {
    const rows = [
      mover('A', { changePercent: 3 }),
      mover('B', { changePercent: -9 }),
      mover('C', { changePercent: 7 }),
      mover('D', { changePercent: -2 }),
      mover('A', { changePercent: 5 })
    ]
    expect(symbolsOf(rows)).toEqual(['C', 'A'])
    expect(symbolsOf(rows, 'losers')).toEqual(['B', 'D'])
    expect(symbolsOf(rows, 'actives')).toEqual(['A', 'B', 'C', 'D'])
  })

  test('a list of nothing but garbage is refused, so that the next vendor is asked', () => {
    const { doubts } = judge([mover('X', { price: -1 }), mover('Y', { changePercent: Infinity })])
    expect(doubts).toMatchObject([{ rule: 'all-impossible', severity: 'hard' }])
  })
})

test('sectors come in one order whichever vendor told them; an impossible change goes', () => {
  const asOf = '2026-11-20'
  const sectors = [
    { sector: 'Utilities', changePercent: 3e7, asOf },
    { sector: 'Materials', changePercent: 0.4, asOf },
    { sector: 'Energy', changePercent: 1.2, asOf }
  ] as const
  const { value, doubts } = judgeSectors({ sectors: [...sectors], provenance }, Date.now(), shippedHours)
  expect(value.sectors.map(({ sector }) => sector)).toEqual(['Energy', 'Materials'])
  expect(value.provenance.notes).toEqual(['dropped for impossible figures: Utilities'])
  expect(doubts).toEqual([])
})
