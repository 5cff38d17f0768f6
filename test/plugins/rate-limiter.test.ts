import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { RateLimiter } from '../../src/plugins/rate-limiter.ts'
import { errorOf, startWorld, type Api, type ApiWorld } from '../support/api.ts'
import { testRedis, type TestRedis } from '../support/services.ts'

const silent = { warn: () => undefined }

describe('one user on two processes', () => {
  let world: ApiWorld
  let first: Api
  let second: Api

  beforeAll(async () => {
    world = await startWorld()
    const limits = { RATE_LIMIT_PER_MINUTE: '40', RATE_LIMIT_PRO_PER_MINUTE: '200' }
    ;[first, second] = await Promise.all([world.startApi(limits), world.startApi(limits)])
  })
  afterAll(() => world.close())

  test('has one limit, and is told what is left and when to come back', async () => {
    const { token } = await first.login()
    const ask = (api: Api) => api.get('/api/v1/auth/me', token)

    const one = await ask(first)
    expect(one.headers).toMatchObject({ 'ratelimit-limit': '40', 'ratelimit-remaining': '39' })
    for (let asked = 1; asked < 30; asked++) await ask(first)
    await first.app.rateLimiter.settle()
    let accepted = 30
    for (let asked = 0; asked < 30; asked++) if ((await ask(second)).status === 200) accepted++
    // A few come back while the test runs: 40 a minute is one in 1.5 seconds.
    expect(accepted).toBeGreaterThanOrEqual(40)
    expect(accepted).toBeLessThanOrEqual(46)

    const refused = await ask(second)
    expect(refused.status).toBe(429)
    expect(Number(refused.headers['retry-after'])).toBeGreaterThanOrEqual(1)
    expect(refused.headers['ratelimit-remaining']).toBe('0')
    expect(errorOf(refused)).toMatchObject({ code: 'RATE_LIMITED', details: { limitPerMinute: 40 } })
    await second.app.rateLimiter.settle()
    expect(Number((await ask(first)).headers['ratelimit-remaining'])).toBeLessThan(10)
  })

  test('on the pro plan has the limit of that plan, and nobody spends from another one', async () => {
    const [standard, pro] = [await first.login(), await first.login(['market:read'], 'pro')]
    await first.get('/api/v1/auth/me', standard.token)
    expect((await first.get('/api/v1/auth/me', pro.token)).headers).toMatchObject({
      'ratelimit-limit': '200',
      'ratelimit-remaining': '199'
    })
  })
})

describe('a limit', () => {
  let redis: TestRedis
  beforeAll(async () => {
    redis = await testRedis()
  })
  afterAll(() => redis.close())

  test('refills evenly, and what was overspent is paid back', async () => {
    let time = 1_000_000
    const limiter = new RateLimiter({ redis: redis.redis, log: silent, now: () => time })
    const bucket = await limiter.bucket('user:a', 60)
    // Another process spends all of it before the two learn of each other.
    await redis.redis.hset('limit:{user:a}', 'tokens', '0', 'at', `${Date.now()}`)
    for (let spent = 0; spent < 60; spent++) expect(bucket.spend(time)).toBe(true)
    expect(bucket.spend(time)).toBe(false)
    expect(bucket.retryAfterSeconds()).toBe(1)
    time += 2000
    expect([bucket.spend(time), bucket.spend(time), bucket.spend(time)]).toEqual([true, true, false])

    await limiter.settle()
    expect(bucket.remaining).toBe(0)
    expect(bucket.retryAfterSeconds()).toBeGreaterThan(50)
    await limiter.close()
  })

  test('holds within the process while Redis is away, and is settled when it is back', async () => {
    const connection = redis.redis.duplicate({ enableOfflineQueue: false, maxRetriesPerRequest: 0 })
    connection.on('error', () => undefined)
    const limiter = new RateLimiter({ redis: connection, log: silent })
    await expect.poll(() => connection.status).toBe('ready')
    const bucket = await limiter.bucket('user:b', 10)
    connection.disconnect()
    await expect.poll(() => connection.status).toBe('end')
    for (let spent = 0; spent < 10; spent++) bucket.spend(Date.now())
    expect(bucket.spend(Date.now())).toBe(false)
    await limiter.settle()

    await connection.connect()
    await expect.poll(async () => Number(await redis.redis.hget('limit:{user:b}', 'tokens'))).toBeLessThan(1)
    await limiter.close()
    connection.disconnect()
  })
})
