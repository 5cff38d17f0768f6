import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { testRedis } from '../support/services.ts'
import { countingSource, live, processOn, Unknown, type Price } from './market-under-test.ts'

type Process = ReturnType<typeof processOn>

let services: Awaited<ReturnType<typeof testRedis>>
let processes: Process[]
let now: number

beforeEach(async () => {
  services = await testRedis()
  processes = []
  now = 1_750_000_000_000
})

afterEach(async () => {
  for (const { cache } of processes) cache.close()
  await services.close()
})

function startProcess(): Process {
  const started = processOn(services.redis, () => now)
  processes.push(started)
  return started
}

/** What is announced before a process listens it does not learn. */
async function listening(count: number): Promise<void> {
  const { redis } = services
  const channel = `quotewire:cache:${redis.options.db ?? 0}`
  await expect.poll(async () => (await redis.pubsub('NUMSUB', channel))[1]).toBe(count)
}

/** Other tests' stand on the same server, in other databases. */
async function cutSubscribers(): Promise<void> {
  const { redis } = services
  const list = (await redis.call('CLIENT', 'LIST', 'TYPE', 'pubsub')) as string
  const own = list.split('\n').filter((line) => line.includes(` db=${redis.options.db ?? 0} `))
  for (const line of own) await redis.call('CLIENT', 'KILL', 'ID', /^id=(\d+)/.exec(line)![1]!)
}

/** A promise to be settled by hand, to hold a load open. */
function gate<T>() {
  const { promise, resolve } = Promise.withResolvers<T>()
  return { promise, open: resolve }
}

describe('one load per key', () => {
  test('a thousand dashboards that ask two processes for a cold symbol cost one upstream call', async () => {
    const [one, two] = [startProcess(), startProcess()]
    const held = gate<Price>()
    const { source, asked } = countingSource(() => held.promise)
    const requests = Array.from({ length: 1000 }, (_, index) => (index % 2 ? one : two).prices.get('AAPL', source))
    await expect.poll(() => asked.length).toBe(1)
    held.open(live(150))
    const answers = await Promise.all(requests)
    expect(answers.every(({ value }) => value.price === 150)).toBe(true)
    expect(asked).toEqual([['AAPL']])
  })

  test('a batch asks upstream once, and only for the symbols that nobody is fetching already', async () => {
    const { prices } = startProcess()
    const held = gate<Price>()
    const first = countingSource(() => held.promise)
    const single = prices.get('AAPL', first.source)
    await expect.poll(() => first.asked.length).toBe(1)
    const second = countingSource(() => live(2))
    const batch = prices.getMany(['AAPL', 'MSFT', 'TSLA', 'MSFT'], second.source)
    held.open(live(1))
    await single
    expect((await batch).size).toBe(3)
    expect(second.asked).toEqual([['MSFT', 'TSLA']])
  })

  test('a process that dies while it loads does not block the symbol for the others', async () => {
    await services.redis.set('lock:price:AAPL', 'a dead process', 'PX', 400)
    const { source } = countingSource(() => live(7))
    const answer = await startProcess().prices.get('AAPL', source)
    expect(answer.value.price).toBe(7)
  })

  test('a failed load wakes the other process, which tries for itself', async () => {
    const [one, two] = [startProcess(), startProcess()]
    const held = gate<Error>()
    const failing = countingSource(() => held.promise)
    const working = countingSource(() => live(9))
    const first = one.prices.get('AAPL', failing.source).catch((error: Error) => error.message)
    await expect.poll(() => failing.asked.length).toBe(1)
    const second = two.prices.get('AAPL', working.source)
    held.open(new Error('vendor down'))
    expect(await first).toBe('vendor down')
    expect((await second).value.price).toBe(9)
  })
})

describe('a process that loads', () => {
  test('keeps its lock for as long as the load takes', async () => {
    const [one, two] = [startProcess(), startProcess()]
    const held = gate<Price>()
    const { source, asked } = countingSource(() => held.promise)
    const first = one.prices.get('AAPL', source)
    await expect.poll(() => asked.length).toBe(1)
    const second = two.prices.get('AAPL', source)
    await services.redis.pexpire('lock:price:AAPL', 900)
    await expect.poll(() => services.redis.pttl('lock:price:AAPL')).toBeGreaterThan(1000)
    held.open(live(150))
    await Promise.all([first, second])
    expect(asked).toEqual([['AAPL']])
  })

  test('keeps nobody waiting for long where it dies in the middle', async () => {
    const { source, asked } = countingSource(() => gate<Price>().promise)
    const dying = startProcess()
    void dying.prices.get('AAPL', source)
    await expect.poll(() => asked.length).toBe(1)
    expect(await services.redis.pttl('lock:price:AAPL')).toBeLessThanOrEqual(3000)
  })
})

describe('a renewal ahead of time', () => {
  const down = () => countingSource(() => new Error('vendor down')).source

  test('that fails leaves the fresh value in place for everybody else', async () => {
    const { prices } = startProcess()
    await prices.get('AAPL', countingSource(() => live(150)).source)
    now += 20_000
    const renewed = (await prices.refresh(['AAPL'], down())).get('AAPL')
    expect(renewed).toMatchObject({ value: { price: 150, state: 'stale' } })
    expect(prices.fresh('AAPL')?.value).toMatchObject({ price: 150, state: 'live' })
  })

  test('by a process that just started knows what the others hold', async () => {
    await startProcess().prices.get('AAPL', countingSource(() => live(150)).source)
    now += 120_000
    const previous: (Price | undefined)[] = []
    const source = {
      load: async (_keys: readonly string[], held: ReadonlyMap<string, Price>) => {
        previous.push(held.get('AAPL'))
        throw new Error('vendor down')
      },
      lastGood: async () => new Map([['AAPL', live(90)]])
    }
    const renewed = (await startProcess().prices.refresh(['AAPL'], source)).get('AAPL')
    expect(previous).toMatchObject([{ price: 150 }])
    expect(renewed).toMatchObject({ value: { price: 150, state: 'stale' } })
  })

  test('that fails gives way to what another process got meanwhile', async () => {
    const [one, two] = [startProcess(), startProcess()]
    await one.prices.get('AAPL', countingSource(() => live(150)).source)
    now += 120_000
    const failing = gate<Error>()
    const { source, asked } = countingSource(() => failing.promise)
    const renewal = one.prices.refresh(['AAPL'], source)
    await expect.poll(() => asked.length).toBe(1)
    now += 10
    await two.prices.refresh(['AAPL'], countingSource(() => live(151)).source)
    failing.open(new Error('vendor down'))
    expect((await renewal).get('AAPL')).toMatchObject({ value: { price: 151, state: 'live' } })
  })

  test('tells of each value that outlived its freshness, and of none that did not', async () => {
    const { prices } = startProcess()
    const told: Price[] = []
    const source = { ...down(), expired: (_key: string, value: Price) => void told.push(value) }
    await prices.get('AAPL', countingSource(() => live(150)).source)
    await prices.refresh(['AAPL'], source)
    expect(told).toEqual([])
    now += 120_000
    await prices.get('AAPL', source)
    expect(told).toMatchObject([{ price: 150, state: 'stale' }])
  })
})

describe('freshness', () => {
  test('copying an entry from Redis into memory does not make it fresher', async () => {
    const { source } = countingSource(() => live(1))
    const original = await startProcess().prices.get('AAPL', source)
    now += 50_000
    const copy = await startProcess().prices.get('AAPL', source)
    expect(copy.freshUntil).toBe(original.freshUntil)
    expect(copy.body.equals(original.body)).toBe(true)
    expect(copy.etag).toBe(original.etag)
  })

  test('a value just past its freshness is served at once, labelled stale, and renewed behind the scenes', async () => {
    const { prices } = startProcess()
    let price = 1
    const { source, asked } = countingSource(() => live(price++))
    await prices.get('AAPL', source)
    now += 70_000
    expect((await prices.get('AAPL', source)).value).toMatchObject({ price: 1, state: 'stale' })
    await expect.poll(() => prices.fresh('AAPL')?.value).toMatchObject({ price: 2, state: 'live' })
    expect(asked).toHaveLength(2)
  })

  test('a dashboard of single requests renews its symbols in one upstream batch', async () => {
    const { prices } = startProcess()
    const { source, asked } = countingSource(() => live(1))
    const symbols = Array.from({ length: 50 }, (_, index) => `S${index}`)
    await prices.getMany(symbols, source)
    now += 70_000
    await Promise.all(symbols.map((symbol) => prices.get(symbol, source)))
    await expect.poll(() => symbols.every((symbol) => prices.fresh(symbol))).toBe(true)
    expect(asked).toHaveLength(2)
  })

  test('a value long past its freshness is not served while a better one can be had', async () => {
    const { prices } = startProcess()
    let price = 1
    const { source } = countingSource(() => live(price++))
    await prices.get('AAPL', source)
    now += 200_000
    expect((await prices.get('AAPL', source)).value).toMatchObject({ price: 2, state: 'live' })
  })

  test('what one process stores replaces the older value in the memory of the others', async () => {
    const [one, two] = [startProcess(), startProcess()]
    const old = countingSource(() => live(1))
    await listening(2)
    await one.prices.get('AAPL', old.source)
    await two.prices.get('AAPL', old.source)
    now += 1000
    await one.prices.refresh(['AAPL'], countingSource(() => live(2)).source)
    await expect.poll(async () => (await two.prices.get('AAPL', old.source)).value.price).toBe(2)
    expect(old.asked).toHaveLength(1)
  })
})

test('what another process stored while one did not listen is not passed over for a minute', async () => {
  const [one, two] = [startProcess(), startProcess()]
  const old = countingSource(() => live(1))
  await listening(2)
  for (const { prices } of [one, two]) await prices.get('AAPL', old.source)
  now += 1000
  await cutSubscribers()
  await one.prices.refresh(['AAPL'], countingSource(() => live(2, now)).source)
  expect((await two.prices.get('AAPL', old.source)).value.price).toBe(1)
  await expect.poll(async () => (await two.prices.get('AAPL', old.source)).value.price).toBe(2)
  expect(old.asked).toHaveLength(1)
})

describe('bad days', () => {
  test('with every vendor dead the last value is served, labelled stale, and the vendors get a rest', async () => {
    const { prices } = startProcess()
    await prices.get('AAPL', countingSource(() => live(1, now - 40)).source)
    now += 600_000
    const dead = countingSource(() => new Error('all dead'))
    const answer = await prices.get('AAPL', dead.source)
    expect(answer.value).toMatchObject({ price: 1, state: 'stale' })
    expect(JSON.parse(answer.body.toString())).toMatchObject({ state: 'stale' })
    await prices.get('AAPL', dead.source)
    expect(dead.asked).toHaveLength(1)
  })

  test('with empty tiers the last value that was persisted is served', async () => {
    const { prices } = startProcess()
    const { source } = countingSource(() => new Error('all dead'))
    const answer = await prices.get('AAPL', {
      ...source,
      lastGood: async () => new Map([['AAPL', live(3, now - 86_400_000)]])
    })
    expect(answer.value).toMatchObject({ price: 3, state: 'stale' })
    expect(answer.receivedAt).toBe(now - 86_400_000)
  })

  test('a batch is one question to what was persisted, however many symbols could not be had', async () => {
    const { prices } = startProcess()
    const { source } = countingSource(() => new Error('all dead'))
    const questions: (readonly string[])[] = []
    const names = ['AAPL', 'MSFT', 'NONE']
    const answers = await prices.getMany(names, {
      ...source,
      async lastGood(keys) {
        questions.push(keys)
        return new Map(keys.filter((key) => key !== 'NONE').map((key) => [key, live(3)]))
      }
    })
    expect(questions).toEqual([names])
    expect(answers.get('MSFT')).toMatchObject({ value: { price: 3, state: 'stale' } })
    expect(answers.get('NONE')).toBeInstanceOf(Error)
  })

  test('with no value anywhere the caller gets the error, and so does everyone who waited', async () => {
    const { prices } = startProcess()
    const { source } = countingSource(() => new Error('all dead'))
    const outcomes = await Promise.allSettled([prices.get('AAPL', source), prices.get('AAPL', source)])
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  })

  test('an unknown symbol is remembered for a short time, in every process', async () => {
    const { source, asked } = countingSource((key) => new Unknown(key))
    await expect(startProcess().prices.get('NOPE', source)).rejects.toThrow(Unknown)
    await expect(startProcess().prices.get('NOPE', source)).rejects.toThrow(Unknown)
    expect(asked).toHaveLength(1)
    now += 6000
    await expect(processes[0]!.prices.get('NOPE', source)).rejects.toThrow(Unknown)
    expect(asked).toHaveLength(2)
  })

  test('a symbol that was just there does not become unknown because a vendor says so once', async () => {
    const { prices } = startProcess()
    await prices.get('AAPL', countingSource(() => live(1)).source)
    now += 600_000
    const answer = await prices.get('AAPL', countingSource(() => new Unknown('AAPL')).source)
    expect(answer.value).toMatchObject({ price: 1, state: 'stale' })
  })

  test('one bad symbol of a batch costs only that symbol', async () => {
    const { source } = countingSource((key) => (key === 'BAD' ? new Error('garbage') : live(1)))
    const outcomes = await startProcess().prices.getMany(['AAPL', 'BAD', 'MSFT'], source)
    expect(outcomes.get('BAD')).toBeInstanceOf(Error)
    expect(outcomes.get('AAPL')).toMatchObject({ value: { price: 1 } })
  })

  test('a source that forgets a key fails that key and hangs nobody', async () => {
    const outcomes = await startProcess().prices.getMany(['AAPL'], { load: async () => new Map() })
    expect(outcomes.get('AAPL')).toBeInstanceOf(Error)
  })

  test('without Redis the cache still answers, from memory and the source', async () => {
    const redis = services.redis.duplicate({ enableOfflineQueue: false, maxRetriesPerRequest: 0, retryStrategy: null })
    redis.on('error', () => undefined)
    const { prices, cache } = processOn(redis)
    processes.push({ prices, cache })
    redis.disconnect()
    const { source, asked } = countingSource(() => live(4))
    await Promise.all([prices.get('AAPL', source), prices.get('AAPL', source)])
    await prices.get('AAPL', source)
    expect(asked).toHaveLength(1)
    expect((await cache.stats()).redis).toEqual({ reachable: false })
  })

  test('what somebody else wrote under a key is a miss, not a crash', async () => {
    await services.redis.set('price:AAPL', '{"price":')
    await services.redis.publish(`quotewire:cache:${services.redis.options.db}`, 'not json')
    const { source } = countingSource(() => live(5))
    expect((await startProcess().prices.get('AAPL', source)).value.price).toBe(5)
  })
})

test('memory stays within its bounds and evicts what was used least recently', async () => {
  const { prices, cache } = startProcess()
  const { source } = countingSource(() => live(1))
  await prices.getMany(
    Array.from({ length: 250 }, (_, index) => `S${index}`),
    source
  )
  const { memory } = await cache.stats()
  expect(memory.entries).toBeLessThanOrEqual(100)
  expect(memory.bytes).toBeLessThanOrEqual(100_000)
  expect(memory.evictions).toBeGreaterThanOrEqual(150)
})

test('the statistics tell hits, joins and the upstream calls that were saved', async () => {
  const { prices } = startProcess()
  const { source } = countingSource(() => live(1))
  await Promise.all([prices.get('AAPL', source), prices.get('AAPL', source)])
  await prices.get('AAPL', source)
  prices.fresh('AAPL')
  expect(prices.stats).toMatchObject({
    joins: 1,
    loads: 1,
    loadsSaved: 3,
    memory: { hits: 2, misses: 2, hitRate: 0.5 }
  })
})
