import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import type { EventLog } from '../../src/log/log.ts'
import { beginningOf } from '../../src/log/positions.ts'
import type { Scenario } from '../../src/sandbox/scenarios.ts'
import type { Sandbox } from '../../src/sandbox/sandbox.ts'
import { thoughtfulSandbox } from '../routes/market-under-test.ts'
import { startWorld, type Answer, type Api, type ApiWorld } from '../support/api.ts'
import { watchWaiting } from '../support/event-loop.ts'
import { following } from '../support/following.ts'

/** Of waiting, by `watchWaiting`. */
const DEADLINE_MS = 2000
/** The machine may be slower than the deadline lets vendors be: the first one's time-out is as it is. */
const SLOW_MACHINE = { REQUEST_DEADLINE_MS: '10000' }
/** Their parts are asked for one after the other, and each may have to wait for its first vendor. */
const OF_PARTS = ['options/AAPL', 'sentiment', 'overview']
/** Past every freshness, and past what may be renewed behind the scenes. */
const LATER_MS = 13 * 3_600_000
/** A mute vendor takes its time for each read. */
const PATIENCE_MS = 90_000

/** Every way to read a value. */
const READS = [
  'quote/AAPL',
  'quotes?symbols=AAPL,MSFT',
  'historical/AAPL?period=1y',
  'profile/AAPL',
  'news/AAPL?limit=5',
  'news',
  'search',
  'options/AAPL',
  'fundamentals/AAPL',
  'indicators/AAPL?name=rsi',
  'corporate-actions/AAPL',
  'indices',
  'sectors',
  'movers?type=losers',
  'sentiment',
  'overview'
]
const ILLS: Scenario['scenario'][] = ['down', 'mute', 'server_error', 'rate_limited', 'html']

let sandbox: Sandbox
let world: ApiWorld

beforeAll(async () => {
  sandbox = await thoughtfulSandbox()
})
afterAll(() => sandbox.close())
beforeEach(async () => {
  world = await startWorld()
})
afterEach(async () => {
  sandbox.endScenarios()
  vi.useRealTimers()
  await world.close()
})

async function startReader(settings = {}): Promise<{ api: Api; read: (path: string) => Promise<Answer> }> {
  const api = await world.startApi({ MARKET: 'sandbox', SANDBOX_URL: sandbox.url, LOG_LEVEL: 'silent', ...settings })
  const { token } = await api.login()
  return {
    api,
    read(path) {
      const url = `/api/v1/market/${path}`
      if (path !== 'search') return api.get(url, token)
      return api.send({ method: 'POST', url, payload: { query: 'apple', limit: 5 } }, token)
    }
  }
}

/** Every state that the body tells of a value, with where it stands. */
function statesIn(value: unknown, at = ''): string[] {
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, member]) =>
    key === 'provenance' ? [`${at} ${(member as { state: string }).state}`] : statesIn(member, `${at}/${key}`)
  )
}

const unwell = (answers: ReadonlyMap<string, Answer>) =>
  [...answers]
    .filter(([, { status }]) => status !== 200)
    .map(([path, { status, body }]) => `${path}: ${status} ${body}`)

const notStale = (answers: ReadonlyMap<string, Answer>) =>
  [...answers].flatMap(([path, answer]) => {
    const states = statesIn(answer.json())
    if (states.length === 0) return [`${path}: tells no state`]
    return states.filter((state) => !state.endsWith(' stale')).map((state) => `${path}: ${state}`)
  })

async function readAll(read: (path: string) => Promise<Answer>, paths: readonly string[] = READS) {
  const answers = new Map<string, Answer>()
  for (const path of paths) answers.set(path, await read(path))
  return answers
}

async function readTogether(read: (path: string) => Promise<Answer>) {
  return new Map(await Promise.all(READS.map(async (path) => [path, await read(path)] as const)))
}

/** The topics of all stale values in the log, sorted. */
function staleTopics(log: EventLog): () => string[] {
  const topics: string[] = []
  following(log, [beginningOf(0)], {
    entries(entries) {
      for (const entry of entries) {
        for (let index = 0; index < entry.count; index++) {
          const isStale = statesIn(entry.event(index)).some((state) => state.endsWith(' stale'))
          if (isStale) topics.push(entry.topicOf(entry.row(index)))
        }
      }
    },
    replaced: () => undefined
  })
  return () => topics.toSorted()
}

describe('every read is answered by the next vendor, in time, when the first', () => {
  test.each(ILLS)('is %s', { timeout: PATIENCE_MS }, async (scenario) => {
    const { read } = await startReader(SLOW_MACHINE)
    sandbox.scenario({ vendor: 'yahoo', scenario })
    const late: string[] = []
    using waiting = watchWaiting()
    const answers = new Map<string, Answer>()
    for (const path of READS) {
      const before = waiting.waitedMs()
      answers.set(path, await read(path))
      const waitedMs = waiting.waitedMs() - before
      if (waitedMs > DEADLINE_MS * (OF_PARTS.includes(path) ? 2 : 1)) late.push(`${path}: ${waitedMs} ms`)
    }
    expect(unwell(answers)).toEqual([])
    expect(late).toEqual([])
    expect(JSON.parse(answers.get('overview')!.body)).toMatchObject({ errors: [] })
  })
})

describe('no read fails while a last good value exists', () => {
  test.each(ILLS)('though every vendor is %s', { timeout: PATIENCE_MS }, async (scenario) => {
    const first = await startReader()
    expect(unwell(await readAll(first.read))).toEqual([])
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + LATER_MS })
    sandbox.scenario({ vendor: 'all', scenario })
    const { read } = await startReader()
    const answers = await readTogether(read)
    expect(unwell(answers)).toEqual([])
    expect(notStale(answers)).toEqual([])
    expect(JSON.parse(answers.get('overview')!.body)).toMatchObject({ errors: [] })
    expect(JSON.parse(answers.get('quotes?symbols=AAPL,MSFT')!.body)).toMatchObject({ errors: [] })
  })

  test('and who follows the market live learns of each value, once, that it is stale', async () => {
    const first = await startReader()
    await readAll(first.read)
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + LATER_MS })
    sandbox.scenario({ vendor: 'all', scenario: 'down' })
    const readers = [await startReader(), await startReader()]
    const told = staleTopics(readers[0]!.api.core.eventLog)
    for (const { read } of readers) await readAll(read)
    const kinds = [
      'indices',
      'movers:actives',
      'movers:gainers',
      'movers:losers',
      'quotes:AAPL',
      'quotes:MSFT',
      'sectors'
    ]
    await expect.poll(() => told().filter((topic) => topic !== 'sentiment')).toEqual(kinds)
  })

  test('though every vendor is dead and the caches are gone', async () => {
    const first = await startReader()
    expect(unwell(await readAll(first.read))).toEqual([])
    await first.api.core.recorder.flush()
    await first.api.core.redis.flushdb()
    sandbox.scenario({ vendor: 'all', scenario: 'down' })
    const { read } = await startReader()
    // What somebody typed into a search box is not written down: it would be for ever, and whatever it was.
    const answers = await readAll(
      read,
      READS.filter((path) => path !== 'search')
    )
    expect(unwell(answers)).toEqual([])
    expect(notStale(answers)).toEqual([])
    expect(JSON.parse(answers.get('overview')!.body)).toMatchObject({ errors: [] })
  })
})

test('what nobody ever had is 503 on every read of a value, with what was tried and when to come back', async () => {
  sandbox.scenario({ vendor: 'all', scenario: 'down' })
  const { read } = await startReader()
  for (const path of READS) {
    if (['overview', 'news'].includes(path) || path.startsWith('quotes')) continue
    const { status, headers, body } = await read(path)
    expect([path, status, Number(headers['retry-after']) > 0]).toEqual([path, 503, true])
    const { details } = (JSON.parse(body) as { error: { details: { attempts?: unknown[]; missing?: unknown[] } } })
      .error
    expect([path, (details.attempts ?? details.missing)!.length > 0]).toEqual([path, true])
  }
})
