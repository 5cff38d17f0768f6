import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { ConfigError, loadConfig } from '../src/config.ts'
import { Environment } from '../src/environment.ts'

const problemsOf = (env: NodeJS.ProcessEnv): readonly string[] => {
  try {
    loadConfig(env)
  } catch (error) {
    if (error instanceof ConfigError) return error.problems
    throw error
  }
  return []
}

test('with nothing set the sandbox starts, and its vendors get no real key', () => {
  const config = loadConfig({ TIINGO_API_KEY: 'a real key' })
  expect(config).toMatchObject({ MARKET: 'sandbox', HOST: '127.0.0.1', PORT: 3000 })
  expect(config.providers.tiingo).toMatchObject({ baseUrl: 'http://127.0.0.1:3900/tiingo', apiKey: 'sandbox' })
})

test('live, a vendor without its key is off, and Yahoo needs none', () => {
  const { providers } = loadConfig({ MARKET: 'live', FINANCIAL_MODELING_PREP_API_KEY: 'k' })
  expect(providers.fmp.apiKey).toBe('k')
  expect(providers.tiingo).toMatchObject({ apiKey: undefined, needsKey: true })
  expect(providers.yahoo.needsKey).toBe(false)
})

test('plans set budgets, and a budget of your own overrides its plan', () => {
  const { providers } = loadConfig({ TIINGO_PLAN: 'free', FMP_PLAN: 'free', FMP_LIMITS: '7/hour' })
  expect(providers.tiingo.budget).toEqual([
    { limit: 50, unit: 'requests', per: 'hour' },
    { limit: 1000, unit: 'requests', per: 'day' },
    { limit: 500, unit: 'symbols', per: 'month' }
  ])
  expect(providers.fmp.budget).toEqual([{ limit: 7, unit: 'requests', per: 'hour' }])
})

test('the order of one capability can differ from the rest', () => {
  const { order } = loadConfig({ PROVIDER_ORDER: 'fmp,yahoo', PROVIDER_ORDER_BY_CAPABILITY: 'news = tiingo , yahoo' })
  expect(order.news).toEqual(['tiingo', 'yahoo'])
  expect(order.quotes).toEqual(['fmp', 'yahoo'])
})

describe('a wrong set-up', () => {
  const wrong = {
    MARKET: 'moon',
    PORT: '70000',
    DATABASE_URL: 'mysql://root:hunter2@db/x',
    JWT_SECRET: 'tooshort',
    FMP_LIMITS: '250 per minute',
    PROVIDER_ORDER: 'yahoo,bloomberg',
    PROVIDER_ORDER_BY_CAPABILITY: 'gossip=yahoo',
    JWKS_URL: 'https://login.example.com/keys'
  }

  test('is told all at once, each problem by the name of its variable', () => {
    const problems = problemsOf(wrong)
    for (const name of [...Object.keys(wrong).filter((each) => each !== 'JWKS_URL'), 'JWKS_ISSUER']) {
      expect(
        problems.filter((problem) => new RegExp(`^${name}\\b`).test(problem)),
        name
      ).toHaveLength(1)
    }
  })

  test('is told without repeating a value, for a value can be a secret', () => {
    const text = problemsOf(wrong).join('\n')
    for (const value of Object.values(wrong)) expect(text).not.toContain(value)
  })

  test('an empty variable counts as absent', () => {
    expect(problemsOf({ JWT_SECRET: '', PORT: ' ' })).toEqual([])
  })
})

test('.env.example explains every variable, and none that does not exist', () => {
  const example = readFileSync('.env.example', 'utf8')
  const named = [...example.matchAll(/^(?:# )?([A-Z][A-Z0-9_]+)=/gm)].map(([, name]) => name!)
  expect(new Set(named)).toEqual(new Set([...Object.keys(Environment.properties), 'RECORDINGS_DIR']))
  const settings = Object.fromEntries([...example.matchAll(/^([A-Z][A-Z0-9_]+)=(.*)$/gm)].map(([, k, v]) => [k!, v!]))
  expect(loadConfig(settings)).toEqual(loadConfig({}))
})
