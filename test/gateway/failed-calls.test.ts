import { Writable } from 'node:stream'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { createGateway } from '../../src/gateway/gateway.ts'
import { createLogger } from '../../src/logger.ts'
import { ProviderError, type Provider } from '../../src/providers/provider.ts'
import { testRedis, type TestRedis } from '../support/services.ts'
import { marketOf, quoteProvider } from './market.ts'

let server: TestRedis
beforeAll(async () => {
  server = await testRedis()
})
afterAll(() => server.close())

/** What the log holds after one request for a quote that the provider answers so. */
async function loggedAfter(answer: NonNullable<Provider['quotes']>): Promise<Record<string, unknown>[]> {
  const lines: string[] = []
  const destination = new Writable({
    write(chunk: Buffer, _encoding, done) {
      lines.push(...chunk.toString().trimEnd().split('\n'))
      done()
    }
  })
  const log = createLogger({ LOG_LEVEL: 'info', LOG_FORMAT: 'json' }, destination)
  const gateway = createGateway(
    marketOf({ redis: server.redis, providers: [quoteProvider('fmp', answer)], upstreamTimeoutMs: 300, log })
  )
  onTestFinished(() => gateway.close())
  await gateway.quotes(['AAPL'], { priority: 'interactive' })
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>)
}

test('a vendor that fails costs the log one line without a stack', async () => {
  const cause = new Error('connect ECONNREFUSED')
  const logged = await loggedAfter(async () => {
    throw new ProviderError('fmp', 'bad_payload', 'fmp sent half an answer', { cause })
  })
  expect(logged).toMatchObject([
    { level: 'warn', provider: 'fmp', capability: 'quotes', outcome: 'bad_payload', reason: 'fmp sent half an answer' }
  ])
  expect(JSON.stringify(logged)).not.toContain('stack')
})

test('a vendor that says nothing is told as shortly', async () => {
  const logged = await loggedAfter(() => new Promise(() => {}))
  // The call gets what the steps before it left of the 300 ms.
  const reason = expect.stringMatching(/^did not answer within (300|[12]\d\d) ms$/) as string
  expect(logged).toMatchObject([{ level: 'warn', outcome: 'unavailable', reason }])
  expect(JSON.stringify(logged)).not.toContain('stack')
})

test('a fault of ours is logged with its stack', async () => {
  const logged = await loggedAfter(() => {
    throw new TypeError('a fault')
  })
  expect(logged).toMatchObject([{ level: 'error', provider: 'fmp', err: { type: 'TypeError', message: 'a fault' } }])
})
