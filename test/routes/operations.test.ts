import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startWorld, type Api, type ApiWorld } from '../support/api.ts'

let world: ApiWorld
let api: Api
let token: string

beforeAll(async () => {
  world = await startWorld()
  api = await world.startApi({ LOG_SAMPLE_EVERY: '10' })
  token = (await api.login(['market:read', 'admin:read'])).token
})
afterAll(() => world.close())

describe('an operator', () => {
  test('sees at one address whether all is well, without a token', async () => {
    await api.get('/api/v1/market/quote/AAPL', token)
    const answer = await api.get('/api/health')
    expect(answer.status).toBe(200)
    expect(answer.json()).toMatchObject({
      live: true,
      ready: true,
      version: expect.stringMatching(/^\d+\.\d+\.\d+$/) as string,
      market: 'live',
      uptimeSeconds: expect.any(Number) as number,
      dependencies: { postgres: { status: 'up' }, redis: { status: 'up' } },
      providers: { yahoo: { status: 'up', lastSuccessAt: expect.any(String) as string } },
      data: { quote: { status: 'fresh', targetSeconds: 60 }, profile: { status: 'unused' } }
    })
    expect((await api.get('/api/health/live')).json()).toEqual({ live: true })
  })

  test('scrapes what was served, by whom and how fast', async () => {
    await api.get('/api/v1/market/quote/AAPL', token)
    await api.get('/api/v1/market/profile/MSFT', token)
    await api.get('/api/v1/market/quote/!!', token)
    const { body, headers } = await api.get('/metrics')
    expect(headers['content-type']).toContain('text/plain')
    const quotes = 'method="GET",route="/api/v1/market/quote/:symbol"'
    for (const line of [
      new RegExp(`^http_request_duration_seconds_count\\{${quotes},status="2xx"\\} [1-9]`, 'm'),
      new RegExp(`^http_request_duration_seconds_count\\{${quotes},status="4xx"\\} [1-9]`, 'm'),
      /^http_request_duration_seconds_bucket\{.*profile.*le="\+Inf"\} 1$/m,
      /^quotewire_provider_calls_total\{provider="yahoo",capability="quotes",outcome="answered"\} [1-9]/m,
      /^quotewire_provider_budget_left\{provider="yahoo",unit="requests",per="day"\} \d+$/m,
      /^quotewire_cache_lookups_total\{namespace="quote",tier="memory",result="hit"\} \d+$/m,
      /^quotewire_data_age_target_seconds\{class="quote"\} 60$/m,
      /^quotewire_recorder_pending\{kind="quotes"\} \d+$/m,
      /^process_cpu_seconds_total /m
    ]) {
      expect(body).toMatch(line)
    }
  })

  test('finds one in N ordinary requests in the log', async () => {
    api.logged.length = 0
    for (let request = 0; request < 30; request++) await api.get('/api/v1/market/quote/AAPL', token)
    expect(api.logged.filter(({ msg }) => msg === 'request')).toHaveLength(3)
  })

  test('asks why a quote is what it is, what the providers may still be asked, and what the cache did', async () => {
    expect((await api.get('/api/v1/market/explain/aapl', token)).json()).toMatchObject({
      symbol: 'AAPL',
      chosen: { symbol: 'AAPL' },
      providers: [{ provider: 'yahoo', asked: true, outcome: 'answered' }]
    })
    expect((await api.get('/api/v1/market/providers', token)).json()).toMatchObject({
      providers: [{ name: 'yahoo', enabled: true }]
    })
    expect((await api.get('/api/v1/market/cache/stats', token)).json()).toMatchObject({ redis: { reachable: true } })
  })
})

describe('a developer', () => {
  test('reads every route in the OpenAPI document, with its security and without a dangling reference', async () => {
    const answer = await api.get('/openapi.json')
    const document = answer.json() as {
      openapi: string
      paths: Record<string, Record<string, { security?: object[] }>>
    }
    expect(document.openapi).toBe('3.1.0')
    expect(Object.keys(document.paths)).toEqual(
      expect.arrayContaining(['/api/v1/market/quote/{symbol}', '/api/v1/auth/token', '/api/health', '/metrics'])
    )
    expect(document.paths['/api/v1/market/quote/{symbol}']!['get']!.security).toEqual([{ bearer: [] }, { apiKey: [] }])
    expect(document.paths['/api/v1/auth/token']!['post']!.security).toBeUndefined()

    const resolve = (reference: string) =>
      reference
        .slice(2)
        .split('/')
        .reduce<unknown>((part, name) => (part as Record<string, unknown>)?.[name], document)
    const references = [...answer.body.matchAll(/"\$ref":"([^"]+)"/g)].map(([, reference]) => reference!)
    expect(references.length).toBeGreaterThan(20)
    expect(references.filter((reference) => resolve(reference) === undefined)).toEqual([])
  })

  test('reads the page of it, which a browser may run but not frame', async () => {
    const page = await api.get('/docs/')
    expect(page.status).toBe(200)
    expect(page.headers['content-security-policy']).toContain("frame-ancestors 'self'")
  })

  test('reads the page of it where nothing ends TLS in front of the server', async () => {
    const policy = (await api.get('/docs/')).headers['content-security-policy']
    expect(policy).toContain("script-src 'self'")
    expect(policy).not.toContain('upgrade-insecure-requests')
  })

  test('of another site calls the API only where its origin is allowed', async () => {
    const open = await world.startApi({ CORS_ORIGINS: 'https://desk.example' })
    const from = (origin: string) => open.get('/api/health/live', undefined, { origin })
    expect((await from('https://desk.example')).headers['access-control-allow-origin']).toBe('https://desk.example')
    expect((await from('https://evil.example')).headers['access-control-allow-origin']).toBeUndefined()
    expect(
      (await api.get('/api/health/live', undefined, { origin: 'https://desk.example' })).headers
    ).not.toHaveProperty('access-control-allow-origin')
  })
})

describe('instruments', () => {
  test('have a profile, news and corporate actions, each with its source', async () => {
    for (const resource of ['profile/AAPL', 'news/AAPL?limit=5', 'corporate-actions/AAPL']) {
      const answer = await api.get(`/api/v1/market/${resource}`, token)
      expect([resource, answer.status]).toEqual([resource, 200])
      expect(answer.body).toContain('"source":"yahoo"')
      expect(answer.headers.etag).toMatch(/^"/)
    }
    const found = await api.send({ method: 'POST', url: '/api/v1/market/search', payload: { query: 'apple' } }, token)
    expect(found.json()).toMatchObject({ matches: [{ symbol: 'AAPL' }] })
  })

  test.each(['0', '51', 'many', '1.5'])('refuse %s news', async (limit) => {
    const answer = await api.get(`/api/v1/market/news/AAPL?limit=${limit}`, token)
    expect(answer.json()).toMatchObject({ error: { code: 'INVALID_REQUEST', details: { field: 'limit' } } })
  })
})
