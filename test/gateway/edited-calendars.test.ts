import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createCalendarKeeper, type CalendarKeeper } from '../../src/exchange-calendars.ts'
import { createGateway } from '../../src/gateway/gateway.ts'
import { CALENDARS } from '../../src/market/calendars.ts'
import { SessionClock } from '../../src/market/session-clock.ts'
import { alphaVantage } from '../../src/providers/alpha-vantage/alpha-vantage.ts'
import { fmp } from '../../src/providers/fmp/fmp.ts'
import type { Provider } from '../../src/providers/provider.ts'
import { tiingo } from '../../src/providers/tiingo/tiingo.ts'
import { yahoo } from '../../src/providers/yahoo/yahoo.ts'
import { startSandbox, type Sandbox } from '../../src/sandbox/sandbox.ts'
import { storesUnderTest } from '../db/stores-under-test.ts'
import { testRedis, type TestRedis } from '../support/services.ts'
import { marketOf } from './market.ts'

/** 11:00 in New York on a Wednesday. */
const NOW = Date.parse('2026-10-07T15:00:00Z')
const TODAY = '2026-10-07'

const clock = new SessionClock(CALENDARS)
const held = storesUnderTest()
let server: TestRedis
let sandbox: Sandbox
let keeper: CalendarKeeper
let providers: (Provider & { close(): Promise<void> })[]

beforeAll(async () => {
  server = await testRedis()
  keeper = createCalendarKeeper({
    store: held.stores.calendars,
    clock,
    log: { warn: () => undefined },
    now: () => NOW
  })
  sandbox = await startSandbox({ now: () => NOW, alwaysOpen: false })
  const { hoursOf } = clock
  const options = { apiKey: 'k', timeoutMs: 10_000, plan: 'standard', now: () => NOW, hoursOf } as const
  providers = [
    yahoo({ ...options, baseUrl: `${sandbox.url}/yahoo` }),
    fmp({ ...options, baseUrl: `${sandbox.url}/fmp` }),
    alphaVantage({ ...options, baseUrl: `${sandbox.url}/alpha-vantage` }),
    tiingo({ ...options, baseUrl: `${sandbox.url}/tiingo` })
  ]
})
afterAll(async () => {
  keeper.close()
  await Promise.all(providers.map((provider) => provider.close()))
  await sandbox.close()
  await server.close()
})

/** What each vendor's quote is told as, when only that vendor is asked. */
async function told(symbol: string): Promise<Record<string, unknown>> {
  await server.redis.flushdb()
  const answers: Record<string, unknown> = {}
  for (const provider of providers) {
    const gateway = createGateway(
      marketOf({
        redis: server.redis,
        providers: [provider],
        hoursOf: clock.hoursOf,
        now: () => NOW,
        upstreamTimeoutMs: 10_000,
        requestDeadlineMs: 20_000
      })
    )
    const quote = (await gateway.quotes([symbol], { priority: 'interactive' })).get(symbol)!
    gateway.close()
    if (quote instanceof Error) throw quote
    const { provenance, asOf, marketState } = quote
    answers[provider.name] = { state: provenance.state, on: asOf.slice(0, 10), isOpen: marketState === 'regular' }
  }
  return answers
}

test("a day that an operator closes is closed in every vendor's quote", async () => {
  const open = await told('AAPL')
  expect(Object.keys(open)).toEqual(['yahoo', 'fmp', 'alpha-vantage', 'tiingo'])
  expect(open.yahoo).toEqual({ state: 'live', on: TODAY, isOpen: true })
  expect(open.tiingo).toMatchObject({ state: 'live', on: TODAY })

  await held.database.sql`
    insert into exchange_days (exchange, date, name) values ('XNYS', ${TODAY}, 'Day of mourning')`
  expect(await keeper.reload()).toMatchObject({ problems: [] })

  const shut = { state: 'closed', on: '2026-10-06', isOpen: false }
  expect(await told('AAPL')).toEqual({ yahoo: shut, fmp: shut, 'alpha-vantage': shut, tiingo: shut })
})

test('the statements that the documentation prints do what it says', async () => {
  const section = readFileSync('docs/operations.md', 'utf8').split('## Trading hours')[1]!.split('\n## ')[0]!
  const [, statements] = /```sql\n([\s\S]*?)```/.exec(section)!
  await held.database.sql.unsafe(statements!)
  expect(await keeper.reload()).toMatchObject({ problems: [] })

  const phaseIn = (instant: string) => clock.status('XNYS', Date.parse(instant))
  expect(phaseIn('2027-03-05T15:00:00Z')).toMatchObject({ phase: 'closed', tradeDate: '2027-03-08' })
  expect(phaseIn('2027-06-17T16:59:59Z')).toMatchObject({ phase: 'continuous' })
  expect(phaseIn('2027-06-17T17:00:00Z')).toMatchObject({ phase: 'post' })
  expect(phaseIn('2027-06-17T02:00:00Z')).toMatchObject({ phase: 'overnight', tradeDate: '2027-06-17' })
  expect(phaseIn('2027-03-08T01:59:59Z')).toMatchObject({ phase: 'closed', tradeDate: '2027-03-08' })
  expect(phaseIn('2027-03-08T02:00:00Z')).toMatchObject({ phase: 'overnight', tradeDate: '2027-03-08' })
  expect(phaseIn('2027-03-04T02:00:00Z')).toMatchObject({ phase: 'closed', tradeDate: '2027-03-04' })
})
