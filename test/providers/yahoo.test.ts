import { describe, expect, test, vi } from 'vitest'
import type { ProviderError } from '../../src/providers/provider.ts'
import { COOKIES, hasRecordings, json, recordings, replay, signal, standIn, type Reply } from './yahoo-stand-in.ts'

const QUOTE = '/v7/finance/quote'
const CHART = '/v8/finance/chart/'
const SUMMARY = '/v10/finance/quoteSummary/'

function row(symbol: string, more: object = {}) {
  return {
    symbol,
    quoteType: 'EQUITY',
    currency: 'USD',
    regularMarketPrice: 100.5,
    regularMarketTime: 1739566800,
    ...more
  }
}
const quotesOf = (...rows: object[]) => json({ quoteResponse: { result: rows, error: null } })
const refusal = (envelope: string, code: string, description: string, status: number) =>
  json({ [envelope]: { result: null, error: { code, description } } }, status)
const badCrumb = refusal('finance', 'Unauthorized', 'Invalid Crumb', 401)
const edgeText: Reply = { status: 429, type: 'text/html', body: 'Edge: Too Many Requests' }

async function failureOf(work: Promise<unknown>): Promise<ProviderError> {
  return work.then(
    () => expect.unreachable('it answered'),
    (error: ProviderError) => error
  )
}

describe('a session with Yahoo', () => {
  test('is begun once for many callers, with the cookies and the look of a browser', async () => {
    const seen: (string | undefined)[] = []
    const { provider, count } = await standIn({
      [QUOTE]: (request) => {
        seen.push(request.headers.cookie, request.headers['user-agent'])
        return quotesOf(row('AAPL'))
      }
    })
    await Promise.all([1, 2, 3].map(() => provider.quotes!(['AAPL'], signal)))
    expect([count('/quote/AAPL'), count('/v1/test/getcrumb'), count(QUOTE)]).toEqual([1, 1, 3])
    expect(seen[0]).toContain('A3=d=AQAB')
    expect(seen[1]).toMatch(/^Mozilla/)
  })

  test('is renewed once when the crumb is refused, and the callers get their quotes', async () => {
    let crumbs = 0
    const { provider, count } = await standIn({
      '/v1/test/getcrumb': () => ({ type: 'text/plain', body: `crumb-${++crumbs}` }),
      [QUOTE]: (_, url) => (url.searchParams.get('crumb') === 'crumb-1' ? badCrumb : quotesOf(row('AAPL')))
    })
    const all = await Promise.all([1, 2, 3].map(() => provider.quotes!(['AAPL'], signal)))
    expect(all.map((quotes) => quotes.get('AAPL')?.price)).toEqual([100.5, 100.5, 100.5])
    expect(crumbs).toBe(2)
    expect(count('/quote/AAPL')).toBe(2)
  })

  test('that stays refused is unauthorized after one renewal, not a storm of them', async () => {
    const gate = refusal('finance', 'Unauthorized', 'User is unable to access this feature', 401)
    const { provider, count } = await standIn({ [SUMMARY]: gate })
    expect(await failureOf(provider.profile!('AAPL', signal))).toMatchObject({ kind: 'unauthorized' })
    expect([count(SUMMARY), count('/v1/test/getcrumb')]).toEqual([2, 2])
  })

  test.each<[string, Reply, string]>([
    ['the text of a rate limit', { status: 200, type: 'text/plain', body: 'Too Many Requests' }, 'rate_limited'],
    ['a rate limit', { status: 429, type: 'text/plain', body: 'Too Many Requests' }, 'rate_limited'],
    ['a page', { status: 200, type: 'text/html', body: '<!doctype html><title>Yahoo</title>' }, 'unavailable'],
    ['nothing', { status: 200, type: 'text/plain', body: '' }, 'unavailable']
  ])('never keeps %s as its crumb', async (_, poisoned, kind) => {
    let replies = 0
    const { provider, asked } = await standIn({
      '/v1/test/getcrumb': () => (replies++ === 0 ? poisoned : { type: 'text/plain', body: 'good.crumb' }),
      [QUOTE]: quotesOf(row('AAPL'))
    })
    expect(await failureOf(provider.quotes!(['AAPL'], signal))).toMatchObject({ kind })
    expect((await provider.quotes!(['AAPL'], signal)).size).toBe(1)
    expect(asked.filter((path) => path.startsWith(QUOTE))).toEqual([`${QUOTE}?symbols=AAPL&crumb=good.crumb`])
  })

  test('survives the caller that began it', async () => {
    const leaving = new AbortController()
    const { provider, count } = await standIn({
      '/v1/test/getcrumb': () => {
        leaving.abort(new Error('gone'))
        return { type: 'text/plain', body: 'good.crumb' }
      },
      [QUOTE]: quotesOf(row('AAPL'))
    })
    const first = failureOf(provider.quotes!(['AAPL'], leaving.signal))
    const second = provider.quotes!(['AAPL'], signal)
    expect((await first).message).toBe('gone')
    expect((await second).size).toBe(1)
    expect(count('/v1/test/getcrumb')).toBe(1)
  })

  test('is kept when a request that has no part in it is refused', async () => {
    const { provider, count } = await standIn({
      [QUOTE]: quotesOf(row('AAPL')),
      '/xhr/ncp': badCrumb,
      '/v1/finance/search': json({ quotes: [], news: [] })
    })
    await provider.quotes!(['AAPL'], signal)
    expect((await provider.news!('AAPL', 5, signal)).items).toEqual([])
    await provider.quotes!(['AAPL'], signal)
    expect([count('/xhr/ncp'), count('/v1/test/getcrumb')]).toEqual([1, 1])
  })

  test('is not needed for charts and search, which go on when Yahoo grants none', async () => {
    const { provider, count } = await standIn({ '/v1/finance/search': json({ quotes: [{ symbol: 'AAPL' }] }) })
    expect((await provider.search!('apple', 5, signal)).matches).toHaveLength(1)
    expect(count('/v1/test/getcrumb')).toBe(0)
  })

  test('prints nothing, for what the library prints holds the crumb', async () => {
    const printed = (['log', 'error', 'warn', 'info', 'dir'] as const).map((name) => vi.spyOn(console, name))
    const { provider } = await standIn({ [QUOTE]: { status: 500, type: 'text/html' }, [CHART]: edgeText })
    const failure = await failureOf(provider.quotes!(['AAPL'], signal))
    await failureOf(provider.splits!('AAPL', signal))
    for (const spy of printed) expect(spy).not.toHaveBeenCalled()
    expect(JSON.stringify([failure.message, String(failure.cause)])).not.toContain('AbC')
    vi.restoreAllMocks()
  })
})

describe('what Yahoo says instead of an answer', () => {
  test.each<[string, Reply, object]>([
    ['edge text', edgeText, { kind: 'rate_limited', scope: 'address', retryAfterMs: undefined }],
    [
      'a Retry-After',
      { ...edgeText, headers: { 'retry-after': '60' } },
      { kind: 'rate_limited', retryAfterMs: 60_000 }
    ],
    [
      'no such symbol',
      refusal('chart', 'Not Found', 'No data found, symbol may be delisted', 404),
      { kind: 'not_found' }
    ],
    [
      'a range out of reach',
      refusal('chart', 'Unprocessable Entity', '1m data not available for startTime=1 and endTime=2.', 422),
      { kind: 'not_covered' }
    ],
    ['a refusal with status 200', refusal('chart', 'Not Found', 'No data found', 200), { kind: 'not_found' }],
    [
      'a status that HTTP does not have',
      { status: 999, type: 'text/html', body: '<html>Unable to process request at this time</html>' },
      { kind: 'rate_limited', scope: 'address' }
    ],
    ['a status that nobody has', { status: 777, body: '{}' }, { kind: 'unavailable' }],
    ['a broken gateway', { status: 502, type: 'text/html', body: '<html>' }, { kind: 'unavailable' }],
    ['a server that waited too long', { status: 408, type: 'text/html', body: '<html>' }, { kind: 'unavailable' }],
    ['a page for JSON', { type: 'text/html', body: '<html>consent</html>' }, { kind: 'bad_payload' }],
    ['half a JSON', { body: '{"chart":{"result":[{"meta"' }, { kind: 'bad_payload' }],
    ['another shape', json({ chart: { result: [{ meta: {} }], error: null } }), { kind: 'bad_payload' }],
    [
      'a redirect to consent',
      { status: 307, headers: { location: 'https://guce.yahoo.com/' } },
      { kind: 'unavailable' }
    ]
  ])('%s', async (_, reply, expected) => {
    const { provider } = await standIn({ [CHART]: reply })
    const request = { symbol: 'AAPL', interval: '1d', from: 0, to: 1e12, adjusted: 'splits' } as const
    expect(await failureOf(provider.bars!(request, signal))).toMatchObject({ name: 'ProviderError', ...expected })
  })

  test('an instrument without an issuer is not covered, an unknown one not found', async () => {
    const none = 'No fundamentals data found for any of the summaryTypes=assetProfile'
    const { provider } = await standIn({
      [`${SUMMARY}EURUSD=X`]: refusal('quoteSummary', 'Not Found', none, 404),
      [`${SUMMARY}NOSUCH`]: refusal('quoteSummary', 'Not Found', 'Quote not found for symbol: NOSUCH', 404)
    })
    expect(await failureOf(provider.profile!('EURUSD=X', signal))).toMatchObject({ kind: 'not_covered' })
    expect(await failureOf(provider.profile!('NOSUCH', signal))).toMatchObject({ kind: 'not_found' })
  })

  test('silence is unavailable after the timeout, and a caller that leaves gets its own reason', async () => {
    const never = () => new Promise<Reply>(() => {})
    const { provider } = await standIn({ [CHART]: never }, { timeoutMs: 100 })
    expect(await failureOf(provider.splits!('AAPL', signal))).toMatchObject({ kind: 'unavailable' })
    const leaving = new AbortController()
    const work = failureOf(provider.splits!('AAPL', leaving.signal))
    leaving.abort(new Error('deadline'))
    expect((await work).message).toBe('deadline')
  })

  describe.skipIf(!hasRecordings)('recorded (needs recordings)', () => {
    const refusals = recordings('errors').filter(({ url }) => /chart|quoteSummary/.test(url.pathname))
    test.each(refusals.map((of) => [of.file, of] as const))('%s', async (file, of) => {
      const { provider } = await replay(of)
      const symbol = decodeURIComponent(of.url.pathname.split('/').at(-1)!)
      const kinds = { chart: 'not_found', edge: 'rate_limited', invalid: 'unauthorized', quoteSummary: 'not_covered' }
      const isChart = of.url.pathname.includes('chart')
      const failure = await failureOf(isChart ? provider.splits!(symbol, signal) : provider.profile!(symbol, signal))
      expect(failure).toMatchObject({ kind: kinds[file.split('-')[0] as keyof typeof kinds] })
    })
  })
})

describe('quotes', () => {
  test('one broken row costs only itself, and a new or odd member costs nothing', async () => {
    const { provider } = await standIn({
      [QUOTE]: quotesOf(
        row('AAPL', { brandNew: { a: 1 }, bid: 'n/a', marketState: 7, quoteType: 'NOVELTY', longName: 'Apple' }),
        { quoteType: 'EQUITY', symbol: 12 },
        row('BRK-B', { regularMarketPrice: { raw: 480.25, fmt: '480.25' } }),
        row('DEAD', { regularMarketPrice: undefined })
      )
    })
    const quotes = await provider.quotes!(['AAPL', 'BRK.B', 'DEAD', 'NOSUCH', 'MSFT'], signal)
    expect([...quotes.keys()]).toEqual(['AAPL', 'BRK.B'])
    expect(quotes.get('AAPL')).toMatchObject({ name: 'Apple', price: 100.5 })
    expect(quotes.get('AAPL')).not.toHaveProperty('bid')
    expect(quotes.get('BRK.B')).toMatchObject({ symbol: 'BRK.B', price: 480.25 })
  })

  test('an answer of broken rows only is a bad payload, so that no known symbol is called unknown', async () => {
    const { provider } = await standIn({ [QUOTE]: quotesOf({ ticker: 'AAPL' }) })
    expect(await failureOf(provider.quotes!(['AAPL'], signal))).toMatchObject({ kind: 'bad_payload' })
  })

  test('pence are pounds in every price, and what is in pounds already stays', async () => {
    const pence = { currency: 'GBp', regularMarketPrice: 308.8, regularMarketChange: -4.2000122, bid: 308.6, ask: 309 }
    const { provider } = await standIn({
      [QUOTE]: quotesOf(
        row('OCDO.L', {
          ...pence,
          regularMarketPreviousClose: 313,
          regularMarketDayHigh: 312.1,
          marketCap: 2_544_151_552
        })
      )
    })
    const quote = (await provider.quotes!(['OCDO.L'], signal)).get('OCDO.L')
    expect(quote).toMatchObject({
      price: 3.088,
      change: -0.042,
      previousClose: 3.13,
      dayHigh: 3.121,
      bid: 3.086,
      ask: 3.09
    })
    expect(quote).toMatchObject({ marketCap: 2_544_151_552, currency: 'GBP' })
    expect(quote!.provenance.notes).toEqual(['prices converted from pence (GBp) to GBP'])
  })

  test('zeros that stand for nothing are absent', async () => {
    const zeros = { regularMarketOpen: 0, regularMarketDayHigh: 0, fiftyTwoWeekLow: 0, bid: 0, regularMarketVolume: 0 }
    const { provider } = await standIn({ [QUOTE]: quotesOf(row('^KS11', { quoteType: 'INDEX', ...zeros })) })
    const quote = (await provider.quotes!(['^KS11'], signal)).get('^KS11')!
    for (const name of ['open', 'dayHigh', 'yearLow', 'bid', 'volume']) expect(quote).not.toHaveProperty(name)
  })

  test('indices and sectors are one request each, and sectors say what stands for them', async () => {
    const { provider, asked } = await standIn({
      [QUOTE]: (_, url) =>
        quotesOf(
          ...url.searchParams
            .get('symbols')!
            .split(',')
            .map((symbol) =>
              row(symbol, { regularMarketChangePercent: 1.5, marketState: 'CLOSED', exchangeDataDelayedBy: 15 })
            )
        )
    })
    const { indices, provenance } = await provider.indices!(signal)
    expect(indices).toHaveLength(15)
    expect(provenance).toMatchObject({ state: 'closed', feed: 'delayed', delayedBySeconds: 900 })
    const sectors = await provider.sectors!(signal)
    expect(sectors.sectors).toHaveLength(11)
    expect(sectors.provenance.notes![0]).toMatch(/fund/)
    expect(asked.filter((path) => path.startsWith(QUOTE))).toHaveLength(2)
  })
})

test('a consent that Yahoo asks for in Europe is given, and ends in a session', async () => {
  const form = '<form><input type="hidden" name="csrfToken" value="t"></form>'
  const to = (location: string): Reply => ({ status: 302, headers: { location, ...COOKIES.headers } })
  let pages = 0
  const { provider } = await standIn({
    '/consent': to('https://consent.yahoo.com/v2/collectConsent?sessionId=1'),
    '/v2/collectConsent': (request) =>
      request.method === 'POST'
        ? to('https://guce.yahoo.com/copyConsent?sessionId=1')
        : { type: 'text/html', body: form },
    '/copyConsent': to('https://finance.yahoo.com/quote/AAPL?guccounter=1'),
    '/quote/': () => (pages++ === 0 ? to('https://guce.yahoo.com/consent?gcrumb=1') : COOKIES),
    [QUOTE]: quotesOf(row('AAPL'))
  })
  expect((await provider.quotes!(['AAPL'], signal)).size).toBe(1)
})
