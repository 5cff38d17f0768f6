import { describe, expect, onTestFinished, test } from 'vitest'
import { alphaVantage } from '../../src/providers/alpha-vantage/alpha-vantage.ts'
import { canonicalOf, listingOf } from '../../src/providers/alpha-vantage/listing.ts'
import { ProviderError } from '../../src/providers/provider.ts'
import { hasRecordings, json, recordingsOf, replyOf, signal, vendorServer, type Reply } from './vendor-server.ts'
import { shippedHours } from '../support/hours.ts'

const KEY = 'SECRETKEY1234567'
/** 16:00 in New York: eight hours to the end of the day there. */
const NOW = Date.UTC(2026, 6, 29, 20)

async function refusalOf(reply: Reply, ask: 'quote' | 'bars' | 'news' | 'options' = 'bars'): Promise<ProviderError> {
  const { url } = await vendorServer(() => reply)
  const provider = alphaVantage({
    hoursOf: shippedHours,
    apiKey: KEY,
    baseUrl: url,
    timeoutMs: 5000,
    plan: 'standard',
    now: () => NOW
  })
  onTestFinished(() => provider.close())
  const range = { symbol: 'IBM', interval: '1d', from: NOW - 86_400_000, to: NOW, adjusted: 'none' } as const
  const answers = {
    quote: () => provider.quotes(['IBM'], signal),
    bars: () => provider.bars(range, signal),
    news: () => provider.news('IBM', 5, signal),
    options: () => provider.options('IBM', undefined, signal)
  }
  const error: unknown = await answers[ask]().catch((reason: unknown) => reason)
  expect(error).toBeInstanceOf(ProviderError)
  return error as ProviderError
}

const MINUTE =
  'Thank you for using Alpha Vantage! Our standard API call frequency is 5 calls per minute and 500 calls per day.'
const BURST =
  'Please consider spreading out your free API requests more sparingly (1 request per second). You may subscribe to any of the premium plans to lift the free key rate limit (25 requests per day).'
const DAY = `We have detected your API key as ${KEY} and our standard API rate limit is 25 requests per day. Please subscribe to any of the premium plans.`
const DEMO = 'The **demo** API key is for demo purposes only. Please claim your free API key.'
const PREMIUM = 'Thank you for using Alpha Vantage! This is a premium endpoint.'
const UNKNOWN = 'Invalid API call. Please retry or visit the documentation for TIME_SERIES_DAILY.'
const BAD_KEY = 'the parameter apikey is invalid or missing. Please claim your free API key.'

describe('refusals that come with status 200 are told apart', () => {
  test.each([
    ['a burst', 'Information', BURST, { kind: 'rate_limited', scope: 'second', retryAfterMs: 1100 }],
    ['calls per minute', 'Note', MINUTE, { kind: 'rate_limited', scope: 'minute', retryAfterMs: 60_000 }],
    ['the day', 'Information', DAY, { kind: 'rate_limited', scope: 'day', retryAfterMs: 8 * 3_600_000 }],
    ['the demo key', 'Information', DEMO, { kind: 'unauthorized' }],
    ['the plan', 'Information', PREMIUM, { kind: 'not_covered' }],
    ['an unknown symbol', 'Error Message', UNKNOWN, { kind: 'not_found' }],
    ['a wrong key', 'Error Message', BAD_KEY, { kind: 'unauthorized' }],
    ['a new text', 'Information', 'We moved.', { kind: 'bad_payload' }]
  ])('%s', async (_, member, text, expected) => {
    expect(await refusalOf(json({ [member]: text }))).toMatchObject(expected)
  })
})

describe('what is no answer is never read as one', () => {
  test('sample rows under a notice', async () => {
    const message = 'This is a premium endpoint. THE SAMPLE DATA SCHEMA BELOW IS ARTIFICIAL'
    const contract = { contractID: 'IBM261016C00220000', expiration: '2026-10-16', strike: '220.00', type: 'call' }
    const error = await refusalOf(json({ message, data: [contract] }), 'options')
    expect(error.kind).toBe('not_covered')
  })

  test.each([
    ['a web page', { type: 'text/html', body: '<html>maintenance</html>' }, 'bad_payload'],
    ['CSV', { type: 'text/csv', body: 'symbol,open\nIBM,1\n' }, 'bad_payload'],
    ['another shape', { body: '{"csv":"symbol,open"}' }, 'bad_payload'],
    ['a failure of the server', { status: 503, body: '{}' }, 'unavailable'],
    ['a server that waited too long', { status: 408, body: '{}' }, 'unavailable'],
    ['a closed door', { status: 403, body: 'Forbidden' }, 'unauthorized'],
    ['an edge that has enough', { status: 429, body: '' }, 'rate_limited']
  ])('%s', async (_, reply, kind) => {
    expect((await refusalOf(reply, 'quote')).kind).toBe(kind)
  })
})

test('the key, which the vendor repeats in its texts, is in no message', async () => {
  for (const text of [DAY, `${UNKNOWN} ${KEY}`, `${PREMIUM} ${KEY}`, KEY]) {
    const error = await refusalOf(json({ Information: text }))
    expect(JSON.stringify([error.message, error.stack, String(error.cause)])).not.toContain(KEY)
  }
})

test('an unknown symbol is missing from quotes, whichever of its ways the vendor says so', async () => {
  for (const body of [{ 'Global Quote': {} }, {}, { 'Error Message': UNKNOWN }]) {
    const { url } = await vendorServer(() => json(body))
    const provider = alphaVantage({
      hoursOf: shippedHours,
      apiKey: KEY,
      baseUrl: url,
      timeoutMs: 5000,
      plan: 'standard'
    })
    expect((await provider.quotes(['NOSUCH'], signal)).size).toBe(0)
    await provider.close()
  }
})

test('a caller that leaves gets its own reason, not a failure of the vendor', async () => {
  const leaving = new AbortController()
  const { url } = await vendorServer(() => (leaving.abort(new Error('left')), json({})))
  const provider = alphaVantage({ hoursOf: shippedHours, apiKey: KEY, baseUrl: url, timeoutMs: 5000, plan: 'standard' })
  await expect(provider.profile('IBM', leaving.signal)).rejects.toThrow('left')
  await provider.close()
})

test.skipIf(!hasRecordings)(
  'every recorded refusal is one, and none shows what it was recorded with (needs recordings)',
  async () => {
    for (const recording of await recordingsOf('alpha-vantage')) {
      if (recording.need !== 'errors') continue
      const error = await refusalOf(replyOf(recording), /OPTIONS/.test(recording.id) ? 'options' : 'bars')
      expect(error.message, recording.id).not.toMatch(/XXXX|http|Thank you/)
    }
  }
)

describe('symbols', () => {
  test.each([
    ['BRK.B', 'BRK-B'],
    ['BAC.PRL', 'BAC-P-L'],
    ['ABC.WS', 'ABC-WS'],
    ['ABC.U', 'ABC-U'],
    ['TSCO.L', 'TSCO.LON'],
    ['SHOP.TO', 'SHOP.TRT'],
    ['GPV.V', 'GPV.TRV'],
    ['MBG.DE', 'MBG.DEX'],
    ['TL0.F', 'TL0.FRK'],
    ['BSE:RELIANCE', 'RELIANCE.BSE'],
    ['600104.SS', '600104.SHH'],
    ['000002.SZ', '000002.SHZ']
  ])('%s is %s to the vendor, and back', (symbol, wire) => {
    expect(listingOf(symbol)?.wire).toBe(wire)
    expect(canonicalOf(wire)).toBe(symbol)
  })
})
