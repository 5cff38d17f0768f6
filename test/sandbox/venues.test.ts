import { expect, test } from 'vitest'
import { exchangeNamed } from '../../src/market/exchanges.ts'
import { VENUES } from '../../src/sandbox/venues.ts'

test.each(Object.entries(VENUES).filter(([, { mic }]) => mic !== undefined))(
  'what simulated vendors write of %s is read as that exchange',
  (_, { mic, yahoo, country }) => {
    for (const name of [yahoo.exchange, yahoo.fullName]) expect(exchangeNamed(name)?.mic).toBe(mic)
    expect(country.code).toBe(exchangeNamed(mic!)?.country)
    expect(country.name).toMatch(/^[A-Z][a-z]+/)
  }
)
