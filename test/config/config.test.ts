import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { ConfigError, loadConfig } from '../../src/config/config.ts'
import { Environment } from '../../src/config/environment.ts'

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

describe('Kafka as the log', () => {
  const kafka = { LOG: 'kafka', KAFKA_BROKERS: 'kafka-1:9093, kafka-2, [::1]:9094' }

  test('is reached at each broker that is named, as the user that is named', () => {
    expect(loadConfig({ KAFKA_BROKERS: 'kafka-1' }).kafka).toBeUndefined()
    expect(loadConfig(kafka).kafka).toEqual({
      brokers: [
        { host: 'kafka-1', port: 9093 },
        { host: 'kafka-2', port: 9092 },
        { host: '::1', port: 9094 }
      ],
      topic: 'quotewire',
      tls: false,
      sasl: undefined
    })
    const secured = { KAFKA_TLS: 'true', KAFKA_USERNAME: 'ann', KAFKA_PASSWORD: 'p', KAFKA_SASL_MECHANISM: 'PLAIN' }
    expect(loadConfig({ ...kafka, ...secured }).kafka).toMatchObject({
      tls: true,
      sasl: { mechanism: 'PLAIN', username: 'ann', password: 'p' }
    })
  })

  test.each([
    [{ KAFKA_BROKERS: '' }, 'KAFKA_BROKERS must be set together with LOG=kafka'],
    [{ KAFKA_BROKERS: 'kafka://kafka-1:9092' }, 'KAFKA_BROKERS must name hosts with ports'],
    [{ KAFKA_BROKERS: 'kafka-1:99999' }, 'KAFKA_BROKERS must name hosts with ports'],
    [{ KAFKA_TOPIC: 'my topic' }, 'KAFKA_TOPIC may have letters'],
    [{ KAFKA_USERNAME: 'ann' }, 'KAFKA_USERNAME and KAFKA_PASSWORD must be set together']
  ])('is refused with %j', (change, problem) => {
    expect(problemsOf({ ...kafka, ...change })).toEqual([expect.stringContaining(problem)])
  })
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
    JWKS_URL: 'https://[login.example.com]/keys'
  }

  test('is told all at once, each problem by the name of its variable', () => {
    const problems = problemsOf(wrong)
    for (const name of [...Object.keys(wrong), 'JWKS_ISSUER']) {
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

describe('CORS_ORIGINS', () => {
  test('takes origins of pages, apps and extensions, and spells them as browsers do', () => {
    const { corsOrigins } = loadConfig({
      CORS_ORIGINS:
        'https://Dashboard.Example.com:443/, http://localhost:5173,, chrome-extension://abcdef,https://é.fr '
    })
    expect(corsOrigins).toEqual([
      'https://dashboard.example.com',
      'http://localhost:5173',
      'chrome-extension://abcdef',
      'https://xn--9ca.fr'
    ])
  })

  test.each([
    ['*', 'entry 1 has a wildcard, which matches nothing: name each origin'],
    ['https://*.example.com', 'entry 1 has a wildcard'],
    ['https://a.com,https://b.com/app', 'entry 2 must be a scheme, a host and at most a port, without a path'],
    ['https://user:hidden@a.com', 'entry 1 must be a scheme, a host and at most a port'],
    ['dashboard.example.com', 'entry 1 has no scheme'],
    ['localhost:5173', 'entry 1 has no scheme'],
    ['null', 'entry 1 has no scheme'],
    ['https://a.com https://b.com', 'entry 1 has a space in it: put commas between origins'],
    ['wss://a.com', 'entry 1 must be the address of the page'],
    ['https://a.com:99999', 'entry 1 has a host or a port that cannot be']
  ])('of %s is refused with what would be right', (value, reason) => {
    const [problem, ...more] = problemsOf({ CORS_ORIGINS: value })
    expect(problem).toContain(`CORS_ORIGINS ${reason}`)
    expect(problem).toContain('https://dashboard.example.com')
    expect(more).toEqual([])
  })
})

test.each([
  ['PORT', '1.5', 'must be a whole number'],
  ['PORT', 'true', 'must be a whole number'],
  ['TRUST_PROXY', 'yes', 'must be true or false'],
  ['DIVERGENCE_PERCENT', '1,5', 'must be a number'],
  ['DATABASE_URL', 'postgres://user:hid#den@host/x', 'in a password, # is written %23'],
  ['DATABASE_URL', 'postgres://a,b/x', 'must name one host'],
  ['REDIS_URL', 'localhost:6379', 'must be a URL like redis://host:6379/0'],
  ['REDIS_CACHE_URL', 'redis://host/cache', 'must end with the number of a database'],
  ['FMP_BASE_URL', 'https://host/?key=hidden', 'without ? and #'],
  ['PROVIDER_ORDER', 'yahoo,fmp,yahoo', 'names a provider twice'],
  ['PROVIDER_ORDER_BY_CAPABILITY', 'constructor=yahoo', 'must be capability=provider']
])('%s=%s is refused instead of taken for something else', (name, value, reason) => {
  const problems = problemsOf({ [name]: value })
  expect(problems).toEqual([expect.stringMatching(new RegExp(`^${name}\\b`))])
  expect(problems[0]).toContain(reason)
  expect(problems[0]).not.toContain(value)
})

/** The tests', and the command line's. */
const OF_OTHER_PROGRAMS = ['RECORDINGS_DIR', 'QUOTEWIRE_URL', 'QUOTEWIRE_KEY']

test('.env.example explains every variable, and none that does not exist', () => {
  const example = readFileSync('.env.example', 'utf8')
  const named = [...example.matchAll(/^(?:# )?([A-Z][A-Z0-9_]+)=/gm)].map(([, name]) => name!)
  expect(new Set(named)).toEqual(new Set([...Object.keys(Environment.properties), ...OF_OTHER_PROGRAMS]))
  const settings = Object.fromEntries([...example.matchAll(/^([A-Z][A-Z0-9_]+)=(.*)$/gm)].map(([, k, v]) => [k!, v!]))
  expect(loadConfig(settings)).toEqual(loadConfig({}))
})
