import { marketData, streaming } from '@alpacahq/alpaca-trade-api'
import { describe, expect, onTestFinished, test } from 'vitest'
import { WebSocket } from 'ws'
import { alpacaHistory } from '../../src/streams/alpaca/history.ts'
import type { BarState, BarUpdate } from '../../src/market/event.ts'
import { barEvent, tradeEvent } from '../support/events.ts'
import { placeOf, remember } from './persisted.ts'
import { MINUTE_MS, TICK_MS, type Stage } from './stage.ts'

/** Programs that were written for Alpaca. */
export function alpacaClients(on: () => Stage): void {
  const vendor = () => ({
    stream: `${on().sandbox.url.replace('http', 'ws')}/alpaca-stream/v2/iex`,
    rest: `${on().sandbox.url}/alpaca`,
    secret: 'SK'
  })
  const dropIn = () => ({
    stream: `ws://${on().authority}/drop-in/alpaca/v2/iex`,
    rest: `http://${on().authority}/drop-in/alpaca`,
    secret: on().key
  })

  type Addresses = ReturnType<typeof vendor>
  type Told = Record<
    'trades' | 'quotes' | 'statuses' | 'corrections' | 'cancels',
    { timestampRaw?: string | undefined }[]
  >

  /** What somebody wrote for Alpaca; nothing in it knows of this server. */
  function follow({ stream: url, secret }: Addresses, symbol: string): Told {
    const stream = new streaming.StockDataStream({ credentials: { keyId: 'AK', secret }, url })
    onTestFinished(() => stream.disconnect())
    const told: Told = { trades: [], quotes: [], statuses: [], corrections: [], cancels: [] }
    stream.onTrade((trade) => told.trades.push(trade))
    stream.onQuote((quote) => told.quotes.push(quote))
    stream.onStatus((status) => told.statuses.push(status))
    stream.onCorrection((correction) => told.corrections.push(correction))
    stream.onCancelError((cancel) => told.cancels.push(cancel))
    stream.onConnect(() => {
      stream.subscribeForTrades([symbol])
      stream.subscribeForQuotes([symbol])
      stream.subscribeForStatuses([symbol])
    })
    stream.connect()
    return told
  }

  describe("the vendor's own client", () => {
    test('is told by this server what the vendor tells it, event for event', async () => {
      const both = [follow(vendor(), 'AAPL'), follow(dropIn(), 'AAPL')] as const
      await expect
        .poll(() => both.every(({ trades, quotes }) => trades.length > 1 && quotes.length > 1), { timeout: 15_000 })
        .toBe(true)
      for (const scenario of ['halt', 'trade_correction', 'trade_cancel', 'resume'] as const) {
        on().sandbox.scenario({ vendor: 'alpaca-stream', scenario, symbol: 'AAPL', count: 1 })
      }
      const isAll = ({ statuses, corrections, cancels }: Told) =>
        statuses.length > 1 && corrections.length > 0 && cancels.length > 0
      await expect.poll(() => both.every(isAll)).toBe(true)
      const [theirs, ours] = both
      await expect.poll(() => Math.min(theirs.trades.length, ours.trades.length)).toBeGreaterThan(7)
      for (const kind of ['trades', 'quotes', 'statuses', 'corrections', 'cancels'] as const) {
        const since = [theirs, ours]
          .map((told) => told[kind][0]!.timestampRaw!)
          .toSorted()
          .at(-1)!
        const until = theirs[kind].at(-1)!.timestampRaw!
        await expect.poll(() => ours[kind].at(-1)!.timestampRaw! >= until).toBe(true)
        const within = (told: Told) =>
          told[kind].filter(({ timestampRaw: at = '' }) => at >= since && at <= until).map(comparable)
        expect(within(ours)).toEqual(within(theirs))
        expect(within(theirs).length).toBeGreaterThan(kind === 'trades' || kind === 'quotes' ? 3 : 0)
      }
    })

    test('pages through the same past trades and bars', async () => {
      const until = Math.floor(Date.now() / MINUTE_MS) * MINUTE_MS - MINUTE_MS
      const [start, end] = [new Date(until - MINUTE_MS), new Date(until - 1)]
      const history = alpacaHistory({
        credential: () => ({ key: 'backfill', secret: 'SK' }),
        baseUrl: vendor().rest,
        timeoutMs: 5000,
        placeOf
      })
      await remember(on(), history, 'NVDA', { from: start.getTime(), until })
      const ask = async ({ rest, secret }: Addresses) => {
        const stocks = new marketData.StockApi(new marketData.Configuration({ basePath: rest, keyId: 'AK', secret }))
        const trades: unknown[] = []
        const bars: unknown[] = []
        for (let pageToken: string | undefined, first = true; first || pageToken; first = false) {
          const page = await stocks.stockTrades({
            symbols: 'NVDA,ZZZZ',
            start,
            end,
            limit: 130,
            ...(pageToken && { pageToken })
          })
          trades.push(...(page.trades['NVDA'] ?? []))
          pageToken = page.nextPageToken ?? undefined
        }
        for (let pageToken: string | undefined, first = true; first || pageToken; first = false) {
          const page = await stocks.stockBars({
            symbols: 'NVDA',
            timeframe: '1Min',
            start,
            end,
            limit: 1,
            ...(pageToken && { pageToken })
          })
          bars.push(...(page.bars['NVDA'] ?? []))
          pageToken = page.nextPageToken ?? undefined
        }
        return { trades, bars: (bars as object[]).map(comparable) }
      }
      const [theirs, ours] = [await ask(vendor()), await ask(dropIn())]
      expect(ours.trades).toHaveLength(MINUTE_MS / TICK_MS)
      expect(ours.trades).toEqual(theirs.trades)
      expect(ours.bars).toHaveLength(1)
      expect(ours.bars).toEqual(theirs.bars)
      const span = { symbols: 'NVDA', start: start.toISOString(), end: end.toISOString() }
      const newest = await get('trades', { ...span, limit: '3', sort: 'desc' })
      const { trades, next_page_token: token } = newest.body as {
        trades: { NVDA: { i: number }[] }
        next_page_token: string
      }
      const ids = (ours.trades as { i: number }[]).map(({ i }) => i).toReversed()
      expect(trades.NVDA.map(({ i }) => i)).toEqual(ids.slice(0, 3))
      const more = await get('trades', { ...span, limit: '3', sort: 'desc', page_token: token })
      expect(
        (more.body as typeof newest.body & { trades: { NVDA: { i: number }[] } }).trades.NVDA.map(({ i }) => i)
      ).toEqual(ids.slice(3, 6))
    })
  })

  /** Of bars how many trades they had, and their average, is not kept; nor are the conditions of a trade that was corrected. */
  function comparable(told: object): object {
    const { n: _n, vw: _vw, originalConditions: _conditions, ...rest } = told as Record<string, unknown>
    return rest
  }

  async function get(path: string, query: Record<string, string> = {}, headers: Record<string, string> = {}) {
    const url = `/drop-in/alpaca/v2/stocks/${path}?${new URLSearchParams(query).toString()}`
    const answer = await on().api.get(url, undefined, {
      'apca-api-key-id': 'AK',
      'apca-api-secret-key': on().key,
      ...headers
    })
    return { status: answer.status, body: answer.json() as Record<string, unknown> }
  }

  describe('over REST', () => {
    test('what is known now comes of one symbol and of several', async () => {
      const { body } = await get('AAPL/snapshot')
      const snapshot = body as Record<
        'latestTrade' | 'latestQuote' | 'dailyBar' | 'prevDailyBar',
        Record<string, number>
      >
      expect(body).toMatchObject({ symbol: 'AAPL' })
      expect(snapshot.dailyBar.h).toBeGreaterThanOrEqual(snapshot.dailyBar.l!)
      expect(snapshot.latestQuote.ap).toBeGreaterThan(snapshot.latestQuote.bp!)
      expect(Object.keys(snapshot.prevDailyBar)).toEqual(['o', 'h', 'l', 'c', 'v', 't'])
      const several = await get('trades/latest', { symbols: 'AAPL,MSFT,ZZZZ', currency: 'USD' })
      expect(several.body).toMatchObject({
        currency: 'USD',
        trades: { AAPL: { p: expect.any(Number) as number }, MSFT: {} }
      })
      expect(Object.keys(several.body['trades'] as object)).toEqual(['AAPL', 'MSFT'])
      expect((await get('BRK.B/quotes/latest')).body).toMatchObject({
        symbol: 'BRK.B',
        quote: { bp: expect.any(Number) as number }
      })
    })

    test('days, weeks and months come of what vendors answer, as they are asked for', async () => {
      const { body } = await get('AAPL/bars', {
        timeframe: '1Day',
        start: '2026-01-05',
        end: '2026-01-09',
        adjustment: 'split'
      })
      const bars = body['bars'] as { t: string }[]
      expect(bars.map(({ t }) => t)).toContain('2026-01-05T05:00:00Z')
      expect(bars.length).toBeGreaterThanOrEqual(5)
      const first = await get('AAPL/bars', {
        timeframe: '1Week',
        start: '2026-01-01',
        end: '2026-03-01',
        limit: '2',
        sort: 'desc'
      })
      const page_token = first.body['next_page_token'] as string
      const next = await get('AAPL/bars', {
        timeframe: '1Week',
        start: '2026-01-01',
        end: '2026-03-01',
        limit: '2',
        sort: 'desc',
        page_token
      })
      const starts = [first, next].flatMap(({ body: page }) => (page['bars'] as { t: string }[]).map(({ t }) => t))
      expect(starts).toEqual(starts.toSorted().toReversed())
      expect(new Set(starts).size).toBe(4)
    })

    test('what never ends is told as far as it has come', async () => {
      for (const end of ['9999-12-31', '9999-12-31T23:59:59Z']) {
        const asked = { symbols: 'AAPL', start: '2026-11-02', end, limit: '1' }
        const answers = [await get('bars', { ...asked, timeframe: '1Day' }), await get('trades', asked)]
        expect(answers.map(({ status, body }) => `${status} ${Object.keys(body).toSorted().join(' ')}`)).toEqual([
          '200 bars next_page_token',
          '200 next_page_token trades'
        ])
      }
    })

    test('what is wrong is told as the vendor tells it', async () => {
      const message = async (path: string, query = {}, headers = {}) => {
        const { status, body } = await get(path, query, headers)
        expect(Object.keys(body)).toEqual(['message'])
        return `${status} ${String(body['message'])}`
      }
      const bars = { symbols: 'AAPL', timeframe: '1Min' }
      expect(await message('bars', { ...bars, timeframe: '7Foo' })).toMatch(/^400 invalid timeframe/)
      expect(await message('bars', { ...bars, colour: 'red' })).toBe('400 unexpected parameter(s): colour')
      expect(await message('bars', { ...bars, page_token: '!' })).toMatch(/^400 invalid page_token/)
      expect(await message('bars', { ...bars, page_token: 'QUFBQQ' })).toMatch(/^400 invalid page/)
      expect(await message('bars', { ...bars, start: 'yesterday' })).toMatch(/^400 invalid start/)
      expect(await message('bars', { ...bars, start: '2026-01-09', end: '2026-01-05' })).toBe(
        '400 invalid end: should not be before start'
      )
      expect(await message('trades', { symbols: 'AAPL,^GSPC' })).toBe('400 invalid symbol: ^GSPC')
      expect(await message('BTC%2FUSD/trades')).toBe('400 invalid symbol: BTC/USD')
      expect(await message('ZZZZ/trades/latest')).toBe('404 no trade found for ZZZZ')
      expect(await message('quotes', { symbols: 'AAPL', page_token: 'QUFBQQ' })).toMatch(/^400 invalid page/)
      expect(await message('nonsense/of/a/path')).toBe('404 endpoint not found.')
      expect(await message('bars', bars, { 'apca-api-secret-key': '', 'apca-api-key-id': '' })).toBe(
        '401 authorization required.'
      )
      expect(await message('bars', bars, { 'apca-api-secret-key': 'qw_wrong' })).toMatch(/^403 forbidden/)
      const restless = (await on().api.login(['stream:read'])).key
      expect(await message('bars', bars, { 'apca-api-secret-key': restless })).toMatch(/^403 forbidden/)
      const basic = { authorization: `Basic ${Buffer.from(`AK:${on().key}`).toString('base64')}` }
      expect((await on().api.get('/drop-in/alpaca/v2/stocks/AAPL/bars?timeframe=1Day', undefined, basic)).status).toBe(
        200
      )
      expect((await on().api.get('/drop-in/alpaca/v2/stocks/AAPL/bars?timeframe=1Day', on().key)).status).toBe(200)
    })
  })

  describe('over JSON', () => {
    type Message = Record<string, unknown> & { T: string }
    const PATIENTLY = { timeout: 10_000, interval: 5 }
    const WITH_KEY = () => ({ 'apca-api-secret-key': on().key })

    async function connect(headers: Record<string, string> = {}, path = 'iex') {
      const socket = new WebSocket(`ws://${on().authority}/drop-in/alpaca/v2/${path}`, { headers })
      onTestFinished(() => socket.terminate())
      const said: Message[] = []
      const past: Message[] = []
      socket.on('message', (data: Buffer) => said.push(...(JSON.parse(data.toString()) as Message[])))
      const closed = new Promise<number>((resolve) => socket.on('close', resolve))
      const next = async (T: string, code?: number) => {
        const isIt = (message: Message) => message.T === T && (code === undefined || message['code'] === code)
        await expect.poll(() => said.some(isIt)).toBe(true)
        past.push(...said.splice(0, said.findIndex(isIt) + 1))
        return past.at(-1)!
      }
      expect(await next('success')).toEqual({ T: 'success', msg: 'connected' })
      return {
        socket,
        closed,
        said,
        past,
        next,
        say: (message: object | string) => socket.send(typeof message === 'string' ? message : JSON.stringify(message))
      }
    }

    test('requests are taken as a whole or not at all, and each error has its code', async () => {
      const { say, next, socket } = await connect()
      say({ action: 'subscribe', trades: ['AAPL'] })
      await next('error', 401)
      say({ action: 'auth', key: 'AK', secret: on().key })
      expect(await next('success')).toEqual({ T: 'success', msg: 'authenticated' })
      say({ action: 'auth', key: 'AK', secret: on().key })
      await next('error', 403)
      say({ action: 'subscribe', trades: ['AAPL', 'ZZZZ'], bars: ['AAPL'] })
      const state = { T: 'subscription', quotes: [], updatedBars: [], dailyBars: [], statuses: [], lulds: [] }
      const traded = { trades: ['AAPL', 'ZZZZ'], corrections: ['AAPL', 'ZZZZ'], cancelErrors: ['AAPL', 'ZZZZ'] }
      expect(await next('subscription')).toEqual({ ...state, ...traded, bars: ['AAPL'] })
      expect(Object.keys(await next('t'))).toEqual(['T', 'S', 'i', 'x', 'p', 's', 'c', 'z', 't'])
      say('nonsense')
      await next('error', 400)
      for (const quotes of [['^GSPC'], [{ toString: 1 }], [['AAPL']], [7], 'AAPL']) {
        say({ action: 'subscribe', quotes })
        await next('error', 400)
      }
      say({ action: 'subscribe', imbalances: ['AAPL'] })
      await next('error', 410)
      say({ action: 'subscribe', quotes: ['*'] })
      await next('error', 405)
      const many = Array.from(
        { length: 41 },
        (_, at) => `A${String.fromCharCode(65 + (at % 26), 65 + Math.floor(at / 26))}`
      )
      say({ action: 'subscribe', quotes: many })
      await next('error', 405)
      say({ action: 'unsubscribe', trades: ['*'] })
      expect(await next('subscription')).toEqual({
        ...state,
        trades: [],
        corrections: [],
        cancelErrors: [],
        bars: ['AAPL']
      })
      const pong = new Promise((resolve) => socket.on('pong', resolve))
      socket.ping()
      await pong
    })

    test('bars are those made here of trades: minutes, what late trades change in them, and running days', async () => {
      const { say, next, past } = await connect(WITH_KEY(), 'sip')
      await next('success')
      say({ action: 'subscribe', bars: ['BRK.B'], updatedBars: ['BRK.B'], dailyBars: ['BRK.B'] })
      await next('subscription')
      const bar = (state: BarState, close: number, more: Partial<BarUpdate['data']> = {}) => {
        const [template] = [barEvent('BRK.B', close)]
        const provenance = { ...template.data.provenance, source: 'alpaca-trades' }
        return {
          ...template,
          data: { ...template.data, provenance, state, revision: state === 'corrected' ? 1 : 0, ...more }
        }
      }
      const day = { start: '2026-01-05', open: 1, high: 9, low: 1, close: 7, volume: 3 }
      await on().api.core.eventLog.append([
        barEvent('BRK.B', 400),
        bar('provisional', 401),
        bar('final', 402),
        bar('corrected', 403),
        bar('provisional', 7, { interval: '1d', bar: day })
      ])
      const minute = { S: 'BRK.B', v: 500, t: '2026-01-05T14:30:00Z' }
      expect(await next('d')).toEqual({ T: 'd', S: 'BRK.B', o: 1, h: 9, l: 1, c: 7, v: 3, t: '2026-01-05T05:00:00Z' })
      expect(past.slice(-3, -1)).toEqual([
        { T: 'b', ...minute, o: 402, h: 403, l: 401, c: 402 },
        { T: 'u', ...minute, o: 403, h: 404, l: 402, c: 403 }
      ])
    })

    test('who does not read is told so and sent away, for no trade is left out in silence; others get every one', async () => {
      const [slow, quick] = [await connect(WITH_KEY()), await connect(WITH_KEY())]
      for (const { say, next } of [slow, quick]) {
        say({ action: 'subscribe', trades: ['ORCL'] })
        await next('subscription')
      }
      slow.socket.pause()
      // Long ones: before 8 MiB wait here the kernel has taken some.
      const conditions = Array.from({ length: 200 }, () => 'CONDITION')
      const { traffic } = on().api.app.live.context
      const fellBehind = traffic.slow
      let told = 0
      while (traffic.slow === fellBehind) {
        const trades = Array.from({ length: 500 }, () => tradeEvent('ORCL', 100, 1))
        for (const { data } of trades) data.trade.conditions = conditions
        await on().api.core.eventLog.append(trades)
        told += trades.length
        await expect.poll(() => quick.said.filter(({ T }) => T === 't').length, PATIENTLY).toBe(told)
      }
      slow.socket.resume()
      await slow.next('error', 407)
      await slow.closed
      expect(slow.past.filter(({ T }) => T === 't').length).toBeLessThan(told)
    })

    test('who loses the key loses the stream, and leaves nothing behind', async () => {
      const { key } = await on().api.login(['stream:read'])
      const { keyId } = (await on().api.get('/api/v1/auth/me', key)).json() as { keyId: string }
      const { say, next, closed } = await connect({ 'apca-api-secret-key': key })
      await next('success')
      say({ action: 'subscribe', trades: ['ORCL'] })
      await next('subscription')
      const followed = async () => [...(await on().api.core.wantedByUser()).values()].flatMap((topics) => [...topics])
      await expect.poll(followed).toContain('trades:ORCL')
      const admin = await on().api.login(['admin:write'])
      await on().api.send({ method: 'DELETE', url: `/api/v1/admin/keys/${keyId}` }, admin.key)
      await next('error', 402)
      await closed
      await expect.poll(followed).not.toContain('trades:ORCL')
    })

    test('a key may come with the handshake; a wrong one, and one that may not stream, is told so and sent away', async () => {
      const known = await connect({ 'apca-api-key-id': 'AK', 'apca-api-secret-key': on().key })
      expect(await known.next('success')).toEqual({ T: 'success', msg: 'authenticated' })
      const wrong = await connect()
      wrong.say({ action: 'auth', key: 'AK', secret: 'qw_wrong' })
      await wrong.next('error', 402)
      await wrong.closed
      const reader = await connect({ authorization: `Bearer ${(await on().api.login(['market:read'])).key}` })
      await reader.next('error', 409)
      await reader.closed
    })
  })
}
