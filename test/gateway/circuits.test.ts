import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { Circuits, type Pass } from '../../src/gateway/circuits.ts'
import { testRedis, type TestRedis } from '../support/services.ts'

const FIRST_REST_MS = 5000

let server: TestRedis
let time = 0
const started: Circuits[] = []
beforeAll(async () => {
  server = await testRedis()
})
afterAll(() => server.close())
beforeEach(async () => {
  time = Date.parse('2026-03-02T15:00:00Z')
  await server.redis.flushdb()
})
afterEach(() => {
  for (const circuits of started.splice(0)) circuits.close()
})

function start(): Circuits {
  const circuits = new Circuits({ redis: server.redis, now: () => time })
  started.push(circuits)
  return circuits
}
const admit = (circuits: Circuits) => circuits.admit('yahoo', 'quotes')
const state = (circuits: Circuits) => circuits.states('yahoo').quotes
async function fail(circuits: Circuits, times: number, outcome: 'unavailable' | 'unauthorized' = 'unavailable') {
  for (let failed = 0; failed < times; failed++) circuits.record((await admit(circuits))!, outcome)
}

test('a dead vendor is left alone after three failures, for one capability only', async () => {
  const circuits = start()
  await fail(circuits, 3)
  expect(await admit(circuits)).toBeUndefined()
  expect(circuits.restsUntil('yahoo', 'quotes')).toBe(time + FIRST_REST_MS)
  expect(await circuits.admit('yahoo', 'bars')).toBeDefined()
  expect(state(circuits)).toBe('open')
})

test.each(['not_found', 'not_covered', 'rate_limited', 'answered'] as const)(
  '%s never opens a circuit',
  async (outcome) => {
    const circuits = start()
    for (let asked = 0; asked < 20; asked++) circuits.record((await admit(circuits))!, outcome)
    expect(state(circuits)).toBe('closed')
  }
)

test('a wrong key rests the vendor at once and for long', async () => {
  const circuits = start()
  await fail(circuits, 1, 'unauthorized')
  expect(circuits.restsUntil('yahoo', 'quotes')).toBe(time + 600_000)
})

test('a caller that leaves counts for nothing', async () => {
  const circuits = start()
  await fail(circuits, 2)
  for (let left = 0; left < 10; left++) circuits.forget((await admit(circuits))!)
  expect(state(circuits)).toBe('closed')
  await fail(circuits, 1)
  expect(state(circuits)).toBe('open')
})

test('a vendor that fails now and then is not shut out', async () => {
  const circuits = start()
  for (let asked = 0; asked < 40; asked++) {
    circuits.record((await admit(circuits))!, asked % 3 === 2 ? 'unavailable' : 'answered')
  }
  expect(state(circuits)).toBe('closed')
})

describe('after the rest', () => {
  const rested = async () => {
    const circuits = start()
    await fail(circuits, 3)
    time += FIRST_REST_MS
    return circuits
  }

  test('exactly one of many callers probes, and its success lets all in again', async () => {
    const circuits = await rested()
    const passes = await Promise.all(Array.from({ length: 20 }, () => admit(circuits)))
    const probes = passes.filter((pass): pass is Pass => pass !== undefined)
    expect(probes).toHaveLength(1)
    expect(state(circuits)).toBe('half_open')
    circuits.record(probes[0]!, 'not_found')
    expect(state(circuits)).toBe('closed')
    expect(await admit(circuits)).toMatchObject({ isProbe: false })
  })

  test('a failed probe rests the vendor longer', async () => {
    const circuits = await rested()
    await fail(circuits, 1)
    expect(circuits.restsUntil('yahoo', 'quotes')).toBe(time + 10_000)
  })

  test('a probe whose caller left is given to the next one', async () => {
    const circuits = await rested()
    circuits.forget((await admit(circuits))!)
    expect(await admit(circuits)).toMatchObject({ isProbe: true })
  })

  test('a call let through before the circuit opened changes nothing when it fails late', async () => {
    const circuits = start()
    const late = (await admit(circuits))!
    await fail(circuits, 3)
    const until = circuits.restsUntil('yahoo', 'quotes')
    circuits.record(late, 'unavailable')
    expect(circuits.restsUntil('yahoo', 'quotes')).toBe(until)
  })
})

describe('two processes', () => {
  test('leave a dead vendor alone together, probe once, and come back together', async () => {
    const [here, there] = [start(), start()]
    await fail(here, 3)
    await expect.poll(() => state(there)).toBe('open')
    expect(await admit(there)).toBeUndefined()

    time += FIRST_REST_MS
    const passes = (await Promise.all([admit(here), admit(there)])).filter((pass) => pass !== undefined)
    expect(passes).toHaveLength(1)
    here.record(passes[0]!, 'answered')
    await expect.poll(() => state(there)).toBe('closed')
  })

  test("probe one at a time, also when the first one's probe outlives its lease", async () => {
    const [here, there, third] = [start(), start(), start()]
    await fail(here, 3)
    for (const other of [there, third]) await expect.poll(() => state(other)).toBe('open')
    time += FIRST_REST_MS
    const slow = (await admit(here))!
    const lease = 'quotewire:circuits:probe:yahoo/quotes'
    await server.redis.del(lease)
    expect(await admit(there)).toMatchObject({ isProbe: true })
    const held = await server.redis.get(lease)
    here.forget(slow)
    expect(await admit(third)).toBeUndefined()
    expect(await server.redis.get(lease)).toBe(held)
  })

  test('learn of an open circuit when they start', async () => {
    await fail(start(), 3)
    const late = start()
    await expect.poll(() => state(late)).toBe('open')
  })
})
