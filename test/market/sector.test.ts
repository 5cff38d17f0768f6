import { expect, test } from 'vitest'
import { Sector, SECTOR_FUNDS, sectorNamed } from '../../src/market/sector.ts'

test.each([
  ['Information Technology', ['Technology', 'TECHNOLOGY', 'Information Technology', 'technology']],
  ['Consumer Discretionary', ['Consumer Cyclical', 'consumer-cyclical', 'CONSUMER CYCLICAL']],
  ['Consumer Staples', ['Consumer Defensive', 'Consumer Staples']],
  ['Financials', ['Financial Services', 'Financial', 'FINANCE']],
  ['Health Care', ['Healthcare', 'Health Care', 'HEALTHCARE']],
  ['Materials', ['Basic Materials', 'basic-materials']],
  ['Real Estate', ['Real Estate', 'realestate', 'REAL ESTATE']]
])('%s is one sector, however vendors spell it', (sector, spellings) => {
  expect(spellings.map(sectorNamed)).toEqual(spellings.map(() => sector))
})

test.each(['MANUFACTURING', 'TRADE & SERVICES', 'Conglomerates', '', undefined])('%s is no sector', (text) => {
  expect(sectorNamed(text)).toBeUndefined()
})

test('each sector has one fund, in the order of the list', () => {
  expect(Object.values(SECTOR_FUNDS)).toEqual(Sector.enum)
})
