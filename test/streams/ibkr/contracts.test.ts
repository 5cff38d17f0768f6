import { describe, expect, test } from 'vitest'
import { factsOf } from '../../../src/streams/ibkr/contracts.ts'
import { listedHoursOf } from '../../../src/streams/ibkr/hours.ts'
import { sectorOf } from '../../../src/streams/ibkr/sectors.ts'

const TRADING = '20261125:0400-20261125:2000;20261126:CLOSED;20261127:0400-20261127:1700'
const LIQUID = '20261125:0930-20261125:1600;20261126:CLOSED;20261127:0930-20261127:1300'

describe('hours that TWS tells', () => {
  test('are sessions of the exchange with what trades before and after, half days and holidays included', () => {
    expect(listedHoursOf('US/Eastern', TRADING, LIQUID)).toEqual({
      source: 'ibkr',
      timeZone: 'America/New_York',
      sessions: [
        {
          date: '2026-11-25',
          pre: { open: '2026-11-25T09:00:00.000Z', close: '2026-11-25T14:30:00.000Z' },
          regular: { open: '2026-11-25T14:30:00.000Z', close: '2026-11-25T21:00:00.000Z' },
          post: { open: '2026-11-25T21:00:00.000Z', close: '2026-11-26T01:00:00.000Z' }
        },
        {
          date: '2026-11-27',
          pre: { open: '2026-11-27T09:00:00.000Z', close: '2026-11-27T14:30:00.000Z' },
          regular: { open: '2026-11-27T14:30:00.000Z', close: '2026-11-27T18:00:00.000Z' },
          post: { open: '2026-11-27T18:00:00.000Z', close: '2026-11-27T22:00:00.000Z' }
        }
      ],
      closed: ['2026-11-26']
    })
  })

  test.each([
    ['a break at noon', 'JST (Japan)', '20260406:0900-20260406:1130;20260406:1230-20260406:1500', '00:00', '06:00'],
    ['the form of older versions', 'Japan', '20260406:0900-1130,1230-1500', '00:00', '06:00'],
    ['a session that begins on the evening before', 'EST', '20260406:1800-20260407:1700', '22:00', '21:00'],
    ['a day until midnight', 'US/Eastern', '20260406:0000-20260407:0000', '04:00', '04:00']
  ])('of %s make one session', (_, zone, hours, open, close) => {
    const { sessions } = listedHoursOf(zone, hours, hours)!
    expect(sessions).toHaveLength(1)
    const { regular } = sessions[0]!
    expect([regular.open.slice(11, 16), regular.close.slice(11, 16)]).toEqual([open, close])
  })

  test.each([
    ['Mars/Olympus', LIQUID],
    ['', LIQUID],
    ['US/Eastern', ''],
    ['US/Eastern', '20261399:9999-20261399:9999;x;20261125:1600-20261125:0930;:CLOSED;2026']
  ])('that cannot be read are none: zone %j, hours %j', (zone, hours) => {
    expect(listedHoursOf(zone, hours, hours)).toBeUndefined()
  })

  test('keep the days that can be read beside one that cannot', () => {
    expect(listedHoursOf('US/Eastern', TRADING, `${LIQUID};20261130:junk`)?.sessions).toHaveLength(2)
  })
})

test.each([
  ['Technology', 'Computers', 'Computers', 'Information Technology'],
  ['Financial', 'Banks', 'Diversified Banking Inst', 'Financials'],
  ['Financial', 'REITS', 'REITS-Diversified', 'Real Estate'],
  ['Consumer, Non-cyclical', 'Pharmaceuticals', 'Medical-Drugs', 'Health Care'],
  ['Consumer, Non-cyclical', 'Beverages', 'Beverages-Non-alcoholic', 'Consumer Staples'],
  ['Consumer, Cyclical', 'Auto Manufacturers', 'Auto-Cars/Light Trucks', 'Consumer Discretionary'],
  ['Communications', 'Internet', 'E-Commerce/Products', 'Consumer Discretionary'],
  ['Communications', 'Internet', 'Web Portals/ISP', 'Communication Services'],
  ['Industrial', 'Aerospace/Defense', 'Aerospace/Defense', 'Industrials'],
  ['Consumer, Cyclical', 'Retail', 'Retail-Discount', undefined],
  ['Consumer, Non-cyclical', 'Something new', '', undefined]
])('%s, %s, %s of TWS is a sector of GICS, or is left open where it lies across them', (...told) => {
  const [industry, category, subcategory, sector] = told
  expect(sectorOf({ industry, category, subcategory })).toBe(sector)
})

test('a contract tells the instrument its sector, industry, hours and steps; what is not told stays away', () => {
  const contract = { conId: 265_598, secType: 'STK', currency: 'USD', primaryExchange: 'NASDAQ' }
  expect(factsOf('AAPL', contract)).toEqual({
    symbol: 'AAPL',
    kind: 'equity',
    mic: 'XNAS',
    exchange: 'NASDAQ',
    currency: 'USD',
    tradable: true
  })
  const industry = { industry: 'Technology', category: 'Computers', subcategory: 'Computers' }
  const hours = { timeZoneId: 'US/Eastern', tradingHours: TRADING, liquidHours: LIQUID }
  const tickSizes = [{ from: 0, size: 0.01 }]
  expect(factsOf('AAPL', { ...contract, ...industry, ...hours, tickSizes })).toMatchObject({
    sector: 'Information Technology',
    industry: 'Computers',
    tickSizes,
    hours: { timeZone: 'America/New_York', closed: ['2026-11-26'] }
  })
})
