import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Bucket, RateLimiter } from '../../src/auth/rate-limiter.ts'
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
    expect(Number((await ask(first)).headers['ratelimit-remaining'])).toBeLessThan(30)
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
    await redis.redis.hset('limit:user:a', 'tokens', '0', 'at', `${Date.now()}`)
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

  test.each([1, 4, 24])('holds over %i processes for minutes, however they are asked', async (count) => {
    const limit = 600
    const key = `user:many-${count}`
    let time = 1_000_000
    const limiters = Array.from(
      { length: count },
      () => new RateLimiter({ redis: redis.redis, log: silent, now: () => time })
    )
    const buckets = await Promise.all(limiters.map((limiter) => limiter.bucket(key, limit)))
    /** Redis has a clock of its own: the shared bucket is made older instead. */
    const pass = async (ms: number) => {
      await Promise.all(limiters.map((limiter) => limiter.settle()))
      await redis.redis.hincrbyfloat(`limit:${key}`, 'at', -ms)
      time += ms
    }
    const burst = async (from: number[]) => {
      const asked = from.flatMap((at) => Array.from({ length: 700 }, () => limiters[at]!.spend(buckets[at]!)))
      return (await Promise.all(asked)).filter((isPaid) => isPaid).length
    }
    const everyone = limiters.map((_, at) => at)
    const startedAt = time
    let accepted = await burst(everyone)
    for (const from of [everyone, everyone.slice(0, 1), everyone.slice(1), everyone.slice(-1), everyone]) {
      await pass(60_000)
      accepted += await burst(from)
    }
    const allowed = limit + ((time - startedAt) * limit) / 60_000
    expect(accepted).toBeGreaterThan(0.95 * (count === 1 ? (allowed * 5) / 6 : allowed))
    // The clock of Redis goes on while the test runs.
    expect(accepted).toBeLessThan(1.1 * allowed)
    await Promise.all(limiters.map((limiter) => limiter.close()))
  })

  test('that live clients overspent at once is a debt that is kept until it is paid back', async () => {
    const key = 'user:live'
    const limiters = Array.from({ length: 4 }, () => new RateLimiter({ redis: redis.redis, log: silent }))
    for (const bucket of await Promise.all(limiters.map((limiter) => limiter.bucket(key, 60)))) {
      expect(bucket.spend(Date.now(), 60)).toBe(true)
    }
    await Promise.all(limiters.map((limiter) => limiter.settle()))
    const left = Number(await redis.redis.hget(`limit:${key}`, 'tokens'))
    expect(left).toBeGreaterThanOrEqual(-180)
    expect(left).toBeLessThan(-150)
    expect(await redis.redis.pttl(`limit:${key}`)).toBeGreaterThan(200_000)
    await Promise.all(limiters.map((limiter) => limiter.close()))
  })

  test('within the process is no debt of those who kept to it, however long Redis was away', async () => {
    let time = 1_000_000
    const bucket = new Bucket('user:c', 60, time, () => undefined)
    for (let minute = 0; minute < 30; minute++) {
      for (let spent = 0; spent < 50; spent++) bucket.spend(time)
      bucket.putBack(bucket.takeUnsettled(), time)
      time += 60_000
    }
    bucket.putBack(bucket.takeUnsettled(), time)
    expect(bucket.takeUnsettled()).toBe(0)
    expect(bucket.isAhead).toBe(false)
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
    await expect.poll(async () => Number(await redis.redis.hget('limit:user:b', 'tokens'))).toBeLessThan(1)
    await limiter.close()
    connection.disconnect()
  })
})
