import { expect, test } from 'vitest'
import { countryNamed } from '../../src/market/country.ts'

test.each([
  ['US', ['United States', 'USA', 'US', 'us', 'UNITED STATES', 'United States of America']],
  ['GB', ['United Kingdom', 'UK', 'GB']],
  ['KR', ['South Korea', 'Korea', 'KR']],
  ['HK', ['Hong Kong', 'HK']],
  ['TR', ['Turkey', 'Türkiye', 'TR']],
  ['CZ', ['Czech Republic', 'Czechia']],
  ['TW', ['Taiwan']],
  ['BM', ['Bermuda']],
  ['KY', ['Cayman Islands']],
  ['CH', ['Switzerland']],
  ['VN', ['Vietnam']],
  ['CW', ['Curaçao', 'Curacao']],
  ['TT', ['Trinidad & Tobago', 'Trinidad and Tobago']]
])('%s is one country, however vendors spell it', (code, spellings) => {
  expect(spellings.map(countryNamed)).toEqual(spellings.map(() => code))
})

test.each(['Global', 'XX', 'EU', '', 'constructor', '__proto__', undefined])('%s is no country', (text) => {
  expect(countryNamed(text)).toBeUndefined()
})
