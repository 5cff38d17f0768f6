import { describe, expect, onTestFinished, test } from 'vitest'
import { fmp } from '../../src/providers/fmp/fmp.ts'
import { ProviderError } from '../../src/providers/provider.ts'
import { hasRecordings, json, recordingsOf, replyOf, signal, vendorServer, type Reply } from './vendor-server.ts'
import { shippedHours } from '../support/hours.ts'

const KEY = 'a-secret-key'

async function refusalOf(
  reply: Reply,
  plan: 'standard' | 'free' = 'standard',
  timeoutMs = 5000
): Promise<ProviderError> {
  const { url } = await vendorServer(() => reply)
  const provider = fmp({ hoursOf: shippedHours, apiKey: KEY, baseUrl: url, timeoutMs, plan })
  onTestFinished(() => provider.close())
  const error = await provider.profile!('AAPL', signal).catch((reason: unknown) => reason)
  expect(error).toBeInstanceOf(ProviderError)
  return error as ProviderError
}

const RECORDED: readonly (readonly [name: string, kind: string])[] = [
  ['bad-key', 'unauthorized'],
  ['legacy-endpoint', 'not_covered'],
  ['plan-restricted', 'not_covered'],
  ['quota', 'rate_limited'],
  ['unknown-symbol', 'not_found']
]
const errors = (await recordingsOf('fmp')).filter(({ need }) => need === 'errors')

describe.skipIf(!hasRecordings)('recorded refusals are told apart, whatever their status (needs recordings)', () => {
  test.each(errors.map((each) => [each.id, each] as const))('%s', async (id, recording) => {
    const expected = RECORDED.find(([name]) => id.includes(name))?.[1]
    expect(await refusalOf(replyOf(recording))).toMatchObject({ kind: expected ?? expect.any(String) })
    if (recording.status >= 400) {
      expect(await refusalOf({ ...replyOf(recording), status: 200 })).toMatchObject({ kind: expected })
    }
  })
})

describe('what FMP says when it does not answer', () => {
  const text = (body: string, status: number, type = 'text/plain') => ({ status, type, body })
  test.each<[string, Reply, string]>([
    [
      'this symbol alone',
      text("Premium Query Parameter: 'Special Endpoint : This value set for 'symbol'", 402),
      'not_covered'
    ],
    [
      'this parameter alone',
      text("Premium Query Parameter: 'Special Parameters : The values for 'limit'", 402),
      'not_covered'
    ],
    ['a refusal with status 200', text('Restricted Endpoint: not available', 200), 'not_covered'],
    ['a web page for JSON', text('<!DOCTYPE html><title>premium endpoint</title>', 200, 'text/html'), 'bad_payload'],
    ['a web page with status 403', text('<html>', 403, 'text/html'), 'bad_payload'],
    ['a web page with status 502', text('<html>', 502, 'text/html'), 'unavailable'],
    ['CSV for JSON', text('date,open\n2024-01-02,1', 200, 'text/csv'), 'bad_payload'],
    ['an object for an array', json({ price: 1 }), 'bad_payload'],
    ['an empty object', json({}), 'not_found'],
    ['rows that mean nothing', json([{ foo: 1 }, 7]), 'bad_payload'],
    [
      'a request it cannot read',
      json({ 'Error Message': 'Query Error: Invalid or missing parameter' }, 400),
      'bad_payload'
    ]
  ])('%s', async (_, reply, kind) => {
    expect(await refusalOf(reply)).toMatchObject({ provider: 'fmp', kind })
  })

  test('a spent quota rests a free key for the day, a paid one for the minute', async () => {
    const reply = json({ 'Error Message': 'Limit Reach . Please upgrade your plan' }, 429)
    expect(await refusalOf(reply, 'free')).toMatchObject({ kind: 'rate_limited', scope: 'day' })
    expect(await refusalOf({ ...reply, headers: { 'retry-after': '7' } })).toMatchObject({
      scope: 'minute',
      retryAfterMs: 7000
    })
  })

  test('no message repeats the vendor or the key', async () => {
    const error = await refusalOf(json({ 'Error Message': `Invalid API KEY ${KEY}` }, 401))
    expect(error.message).not.toContain(KEY)
    expect(String(error.cause)).not.toContain(KEY)
  })

  test('an account that is suspended is the key at fault, and not what was asked for', async () => {
    const said = 'Your account has been suspended. Please contact us.'
    expect(await refusalOf(json({ 'Error Message': said }, 403))).toMatchObject({ kind: 'unauthorized' })
  })

  test('news that speak of premium endpoints and limits are news', async () => {
    const title = 'Limit Reach, Restricted Endpoint and Invalid API KEY: a review'
    const { url } = await vendorServer(() =>
      json([{ symbol: 'AAPL', title, url: 'https://example.com', publishedDate: '2025-01-15 16:30:00' }])
    )
    const provider = fmp({ hoursOf: shippedHours, apiKey: KEY, baseUrl: url, timeoutMs: 5000, plan: 'free' })
    onTestFinished(() => provider.close())
    expect((await provider.news!('AAPL', 5, signal)).items[0]!.title).toBe(title)
  })

  test('a limit on one of several endpoints fails the whole, what the plan lacks only its part', async () => {
    const reply = (lacking: Reply) => async () => {
      const { url } = await vendorServer(({ path }) =>
        path.endsWith('income-statement') ? json([{ date: '2024-09-28', revenue: 1 }]) : lacking
      )
      const provider = fmp({ hoursOf: shippedHours, apiKey: KEY, baseUrl: url, timeoutMs: 5000, plan: 'free' })
      onTestFinished(() => provider.close())
      return provider.fundamentals!('AAPL', signal)
    }
    await expect(reply(json({ 'Error Message': 'Limit Reach' }, 429))()).rejects.toMatchObject({ kind: 'rate_limited' })
    const { statements, provenance } = await reply(text('Restricted Endpoint', 402))()
    expect(statements).toHaveLength(1)
    expect(provenance.notes).toEqual(['the vendor did not give all statements and ratios'])
  })

  test('a caller that leaves is not a failure of the vendor', async () => {
    const { url } = await vendorServer(() => json([]))
    const provider = fmp({ hoursOf: shippedHours, apiKey: KEY, baseUrl: url, timeoutMs: 5000, plan: 'standard' })
    onTestFinished(() => provider.close())
    const reason = new Error('left')
    await expect(provider.fundamentals!('AAPL', AbortSignal.abort(reason))).rejects.toBe(reason)
    await expect(provider.indices!(AbortSignal.abort(reason))).rejects.toBe(reason)
  })
})
