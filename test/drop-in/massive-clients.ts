import { restClient, websocketClient } from '@massive.com/client-js'
import { restClient as polygonClient } from '@polygon.io/client-js'
import { describe, expect, onTestFinished, test } from 'vitest'
import { jsonCodec } from '../../src/streams/codec.ts'
import { massiveHistory } from '../../src/streams/massive/history.ts'
import { placeOf, remember } from './persisted.ts'
import { MINUTE_MS, TICK_MS, type Stage } from './stage.ts'

const ORDINARY_BAND = '16'

/** Programs that were written for Massive, or for Polygon as it was called. */
export function massiveClients(on: () => Stage): void {
  type Message = Record<string, unknown> & { ev: string; t: number | bigint; status?: string; message?: string }
  type Addresses = { stream: string; rest: string; key: string }
  const vendor = (): Addresses => ({
    stream: `${on().sandbox.url.replace('http', 'ws')}/massive-stream`,
    rest: `${on().sandbox.url}/massive`,
    key: 'K'
  })
  const dropIn = (): Addresses => ({
    stream: `ws://${on().authority}/drop-in/massive`,
    rest: `http://${on().authority}/drop-in/massive`,
    key: on().key
  })

  /** What the vendor's client hands out is a socket as browsers have it. */
  type BrowserSocket = {
    addEventListener(kind: 'message', listener: (event: { data: string }) => void): void
    addEventListener(kind: 'close', listener: (event: { code: number }) => void): void
    send(text: string): void
    close(): void
  }

  /** What somebody wrote for Massive; nothing in it knows of this server. */
  function follow({ stream, key: apiKey }: Addresses, params: string) {
    const socket = websocketClient(apiKey, stream).stocks() as unknown as BrowserSocket
    onTestFinished(() => socket.close())
    const told: Message[] = []
    const send = (action: string, what: string) => socket.send(JSON.stringify({ action, params: what }))
    socket.addEventListener('message', ({ data }) => {
      for (const message of jsonCodec.decode(data) as Message[]) {
        told.push(message)
        if (message.status === 'auth_success') send('subscribe', params)
      }
    })
    const closed = new Promise<number>((resolve) => socket.addEventListener('close', ({ code }) => resolve(code)))
    const of = (ev: string) => told.filter((message) => message.ev === ev)
    const statuses = () => of('status').map(({ status, message }) => `${status} ${message}`)
    return { told, of, statuses, closed, send }
  }

  describe("the vendor's own client", () => {
    test('is told by this server what the vendor tells it, event for event', async () => {
      const params = 'T.MSFT,Q.MSFT,LULD.MSFT,T.MISSPELT,XT.BTC-USD'
      const both = [follow(vendor(), params), follow(dropIn(), params)] as const
      const [theirs, ours] = both
      const enough = () => both.every(({ of }) => of('T').length > 2 && of('Q').length > 2)
      await expect.poll(enough).toBe(true)
      for (const scenario of ['halt', 'resume'] as const) {
        on().sandbox.scenario({ vendor: 'massive-stream', scenario, symbol: 'MSFT', count: 1 })
      }
      await expect.poll(() => both.every(({ of }) => of('LULD').length > 1)).toBe(true)
      await expect.poll(() => Math.min(...both.map(({ of }) => of('T').length))).toBeGreaterThan(8)
      expect(ours.statuses()).toEqual(theirs.statuses())
      for (const ev of ['T', 'Q', 'LULD']) {
        const since = both.map(({ of }) => BigInt(of(ev)[0]!.t)).reduce((a, b) => (a > b ? a : b))
        const until = BigInt(theirs.of(ev).at(-1)!.t)
        await expect.poll(() => BigInt(ours.of(ev).at(-1)!.t) >= until).toBe(true)
        const within = ({ of }: typeof ours) =>
          of(ev)
            .filter(({ t }) => BigInt(t) >= since && BigInt(t) <= until)
            .map(comparable)
        expect(within(ours)).toEqual(within(theirs))
        expect(within(theirs).length).toBeGreaterThan(ev === 'LULD' ? 0 : 3)
      }
      const told = ours.statuses().length
      ours.send('subscribe', 'A.MSFT,T.*,nonsense')
      ours.send('unsubscribe', 'T.MSFT')
      await expect
        .poll(() => ours.statuses().slice(told))
        .toEqual(['error not authorized', 'error not authorized', 'success unsubscribed to: T.MSFT'])
    })

    test('is told that its key is wrong', async () => {
      const { statuses, closed } = follow({ ...dropIn(), key: 'qw_wrong' }, 'T.MSFT')
      await closed
      expect(statuses()).toEqual(['connected Connected Successfully', 'auth_failed authentication failed'])
    })

    test('reads the same past trades and bars, and its older namesake too', async () => {
      const until = Math.floor(Date.now() / MINUTE_MS) * MINUTE_MS - MINUTE_MS
      const from = until - MINUTE_MS
      const history = massiveHistory({ apiKey: 'backfill', baseUrl: vendor().rest, timeoutMs: 5000, placeOf })
      await remember(on(), history, 'AMZN', { from, until })
      const nanos = (ms: number) => `${ms}000000`
      const asked = { timestampGte: nanos(from), timestampLt: nanos(until) }
      const ask = async ({ rest, key: apiKey }: Addresses) => {
        const client = restClient(apiKey, rest)
        const ticker = 'AMZN'
        const trades = await client.getStocksTrades({
          stockTicker: ticker,
          ...asked,
          order: 'asc' as never,
          limit: 1000
        })
        const bars = await client.getStocksAggregates({
          stocksTicker: ticker,
          multiplier: 1,
          timespan: 'minute' as never,
          adjusted: true,
          from: String(from),
          to: String(until - 1)
        })
        return { trades: trades.results!, bars: bars.results!.map(comparable) }
      }
      const [theirs, ours] = [await ask(vendor()), await ask(dropIn())]
      expect(ours.trades).toHaveLength(MINUTE_MS / TICK_MS)
      expect(ours.trades).toEqual(theirs.trades)
      expect(ours.bars).toHaveLength(1)
      expect(ours.bars).toEqual(theirs.bars)

      const older = polygonClient(on().key, dropIn().rest, { pagination: true })
      const { timestampGte, timestampLt } = asked
      const unset = undefined
      const paged = await older.getStocksTrades('AMZN', unset, timestampGte, unset, unset, timestampLt, unset, 130)
      const ids = (resultsOf(paged) as { id: string }[]).map(({ id }) => id)
      // The client puts later pages before earlier ones.
      expect(ids.toSorted()).toEqual(theirs.trades.map(({ id }) => id).toSorted())
      const price = expect.any(Number) as number
      const snapshot = dataOf(await older.getStocksSnapshotTicker('AMZN'))
      expect(snapshot).toMatchObject({ ticker: { ticker: 'AMZN', min: { c: price } } })
      expect(snapshot).toMatchObject({ ticker: { lastTrade: { p: price } } })
      expect(resultsOf(await older.getLastStocksTrade('AMZN'))).toMatchObject({ T: 'AMZN', p: price })
      expect(resultsOf(await older.getLastStocksQuote('BRK.B'))).toMatchObject({ T: 'BRK.B', p: price, P: price })
      const day = { stocksTicker: 'AMZN', adjusted: false }
      const before = await restClient(on().key, dropIn().rest).getPreviousStocksAggregates(day)
      expect(before).toMatchObject({ resultsCount: 1, adjusted: false, results: [{ T: 'AMZN', c: price }] })
      const several = dataOf(await older.getStocksSnapshotTickers(['MSFT', 'AAPL', 'ZZZZ', 'nonsense!']))
      expect((several as { tickers: { ticker: string }[] }).tickers.map(({ ticker }) => ticker)).toEqual([
        'MSFT',
        'AAPL'
      ])
    })
  })

  /** Some versions hand out the answer, and some what Axios makes of it. */
  const dataOf = (answer: object): object => ('data' in answer ? (answer.data as object) : answer)
  const resultsOf = (answer: object): unknown => (dataOf(answer) as { results: unknown }).results

  /**
   * Of bars how many trades they had is not kept, of trades not the second instant that is the same here, and of a price band
   * not that it is an ordinary one.
   */
  function comparable(told: object): Record<string, unknown> {
    const { n: _n, pt: _pt, i, ...rest } = told as Record<string, unknown>
    return rest['ev'] === 'LULD' && String(i) === ORDINARY_BAND ? rest : { ...rest, ...(i !== undefined && { i }) }
  }

  test('each page of bars says whether they are adjusted', async () => {
    type Bars = { adjusted: boolean; resultsCount: number; next_url: string }
    const ask = async (url: string) => (await on().api.get(url, on().key)).json() as Bars
    const range = '/drop-in/massive/v2/aggs/ticker/AAPL/range/1/day/2026-01-05/2026-01-16'
    const first = await ask(`${range}?adjusted=false&limit=2`)
    const { pathname, search } = new URL(first.next_url)
    const second = await ask(pathname + search)
    expect([first, second].map(({ adjusted, resultsCount }) => `${adjusted} ${resultsCount}`)).toEqual([
      'false 2',
      'false 2'
    ])
  })

  test('bars and trades are had from before computers count time, and until it ends', async () => {
    type Rows = { status: string; resultsCount: number; next_url: string }
    const ask = async (url: string) => (await on().api.get(url, on().key)).json() as Rows
    const first = await ask('/drop-in/massive/v2/aggs/ticker/AAPL/range/1/day/1960-01-01/9999-12-31?limit=2')
    const { pathname, search } = new URL(first.next_url)
    const second = await ask(pathname + search)
    for (const page of [first, second]) expect(page).toMatchObject({ status: 'OK', resultsCount: 2 })
    expect(await ask('/drop-in/massive/v3/trades/AAPL?timestamp.gte=9999-12-31')).toMatchObject({ status: 'OK' })
  })

  test('what is wrong is told as the vendor tells it', async () => {
    const told = async (path: string, apiKey = on().key) => {
      const answer = await on().api.get(`/drop-in/massive${path}${path.includes('?') ? '&' : '?'}apiKey=${apiKey}`)
      const { request_id, ...body } = answer.json() as Record<string, string>
      expect(request_id).toBe(answer.headers['x-request-id'])
      return `${answer.status} ${body['status']} ${body['error'] ?? body['message']}`
    }
    const range = (rest: string) => `/v2/aggs/ticker/AAPL/range/${rest}`
    expect(await told(range('1/minute/2026-13-01/2026-01-09'))).toMatch(/^400 ERROR Could not parse .*'from'/)
    expect(await told(range('1/minute/2026-01-09/2026-01-05'))).toMatch(/^400 ERROR .*'to'/)
    expect(await told(range('7/second/2026-01-05/2026-01-09'))).toMatch(/^400 ERROR Aggregates of 7 second/)
    expect(await told(`${range('1/day/2026-01-05/2026-01-09')}?limit=0`)).toMatch(/^400 ERROR The parameter 'limit'/)
    expect(await told('/v3/trades/AAPL?cursor=QUFB')).toMatch(/^400 ERROR/)
    expect(await told('/v3/trades/AAPL?timestamp=yesterday')).toMatch(/^400 ERROR Could not parse/)
    expect(await told('/v3/quotes/AAPL?cursor=QUFB')).toMatch(/^400 ERROR/)
    expect(await told('/v2/last/trade/%5EGSPC')).toMatch(/^404 NOT_FOUND/)
    expect(await told('/v2/last/trade/BTC%2FUSD')).toMatch(/^404 NOT_FOUND/)
    expect(await told('/v2/last/trade/ZZZZ')).toMatch(/^404 NOT_FOUND/)
    expect(await told('/v2/snapshot/locale/us/markets/stocks/tickers')).toMatch(/^400 ERROR/)
    expect(await told('/nonsense')).toMatch(/^404 NOT_FOUND/)
    expect(await told('/v3/trades/AAPL', '')).toBe('401 ERROR API Key was not provided')
    expect(await told('/v3/trades/AAPL', 'qw_wrong')).toMatch(/^401 ERROR Unknown API Key/)
    const unknown = await on().api.get(
      '/drop-in/massive/v2/aggs/ticker/ZZZZ/range/1/day/2026-01-05/2026-01-09?colour=red',
      on().key
    )
    expect(unknown.json()).toMatchObject({ status: 'OK', resultsCount: 0, results: [] })
  })
}
