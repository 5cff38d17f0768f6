import { expect, test } from 'vitest'
import { Environment } from '../../src/config/environment.ts'
import { misspeltSettings } from '../../src/config/misspelt-settings.ts'

const meantBy = (name: string, others: NodeJS.ProcessEnv = {}) =>
  misspeltSettings({ ...others, [name]: 'x' }).find((each) => each.name === name)?.meant

test.each([
  ['CORS_ORIGIN', 'CORS_ORIGINS'],
  ['FMP_API_KEY', 'FINANCIAL_MODELING_PREP_API_KEY'],
  ['FINANCIAL_MODELLING_PREP_KEY', 'FINANCIAL_MODELING_PREP_API_KEY'],
  ['TIINGO_TOKEN', 'TIINGO_API_KEY'],
  ['TIINGO_API_TOKEN', 'TIINGO_API_KEY'],
  ['ALPHAVANTAGE_API_KEY', 'ALPHA_VANTAGE_API_KEY'],
  ['ALPHA_VANTAGE_TOKEN', 'ALPHA_VANTAGE_API_KEY'],
  ['POSTGRES_URL', 'DATABASE_URL'],
  ['DATABASE_URI', 'DATABASE_URL'],
  ['REDIS_CACHE_URI', 'REDIS_CACHE_URL'],
  ['LOGLEVEL', 'LOG_LEVEL'],
  ['RATE_LIMIT', 'RATE_LIMIT_PER_MINUTE'],
  ['JWT_SERCET', 'JWT_SECRET'],
  ['market', 'MARKET'],
  ['YAHOO_LIMIT', 'YAHOO_LIMITS']
])('tells that by %s probably %s was meant', (name, meant) => {
  expect(meantBy(name)).toBe(meant)
})

test.each([
  'PATH',
  'HOME',
  'HOSTNAME',
  'NODE_ENV',
  'SHELL',
  'REDIS_SERVICE_HOST',
  'POSTGRES_PASSWORD',
  'API_KEY',
  'TOKEN'
])('leaves %s of other programs alone', (name) => {
  expect(meantBy(name)).toBeUndefined()
})

test('takes every setting for what it is, and an empty variable for none', () => {
  for (const name of Object.keys(Environment.properties)) expect(meantBy(name)).toBeUndefined()
  expect(misspeltSettings({ CORS_ORIGIN: ' ' })).toEqual([])
})

test('says nothing where the right setting is set too', () => {
  expect(meantBy('TIINGO_TOKEN', { TIINGO_API_KEY: 'x' })).toBeUndefined()
})
