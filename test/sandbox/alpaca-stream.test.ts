import { once } from 'node:events'
import { streaming } from '@alpacahq/alpaca-trade-api'
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { WebSocket } from 'ws'
import { startSandbox, type Sandbox } from '../../src/sandbox/sandbox.ts'

const TICK_MS = 50

let sandbox: Sandbox

beforeEach(async () => {
  sandbox = await startSandbox({ tickMs: TICK_MS })
})
afterEach(() => sandbox.close())

const addressOf = (path: string) => `${sandbox.url.replace('http', 'ws')}/alpaca-stream${path}`

describe("the vendor's own client", () => {
  function vendorsClient(keyId = 'AK') {
    const stream = new streaming.StockDataStream({ credentials: { keyId, secret: 'SK' }, url: addressOf('/v2/sip') })
    onTestFinished(() => stream.disconnect())
    return stream
  }

  test('reads trades, quotes, halts, corrections and cancellations of the simulated exchange', async () => {
    const stream = vendorsClient()
    const seen: Record<string, unknown[]> = { trades: [], quotes: [], statuses: [], corrections: [], cancels: [] }
    stream.onTrade((trade) => seen['trades']!.push(trade))
    stream.onQuote((quote) => seen['quotes']!.push(quote))
    stream.onStatus((status) => seen['statuses']!.push(status))
    stream.onCorrection((correction) => seen['corrections']!.push(correction))
    stream.onCancelError((cancel) => seen['cancels']!.push(cancel))
    stream.onConnect(() => {
      stream.subscribeForTrades(['AAPL'])
      stream.subscribeForQuotes(['AAPL'])
      stream.subscribeForStatuses(['AAPL'])
    })
    stream.connect()
    await expect.poll(() => seen['trades']!.length).toBeGreaterThan(2)
    for (const scenario of ['halt', 'trade_correction', 'trade_cancel'] as const) {
      sandbox.scenario({ vendor: 'alpaca-stream', scenario, symbol: 'AAPL', count: 1 })
    }
    await expect.poll(() => Object.values(seen).every((list) => list.length > 0)).toBe(true)

    const [trade] = seen['trades'] as {
      symbol: string
      price: number
      timestamp: Date
      timestampRaw: string
      idRaw: string
    }[]
    const quote = sandbox.exchange.quote(sandbox.exchange.find('AAPL')!, trade!.timestamp.getTime())
    expect(trade).toMatchObject({ symbol: 'AAPL', price: quote.price, idRaw: expect.stringMatching(/^\d+$/) })
    expect(trade!.timestampRaw).toMatch(/\.\d{9}Z$/)
  })

  test('is told that its key is wrong', async () => {
    const stream = vendorsClient('wrong')
    const failed = new Promise((resolve) => stream.onError(resolve))
    stream.connect()
    expect(String(await failed)).toMatch(/auth/i)
  })
})

describe('over JSON', () => {
  async function connect(path = '/v2/iex', key = 'AK') {
    const socket = new WebSocket(addressOf(path))
    onTestFinished(() => socket.terminate())
    const said: Record<string, unknown>[] = []
    socket.on('message', (data: Buffer) => said.push(...(JSON.parse(data.toString()) as Record<string, unknown>[])))
    await once(socket, 'open')
    const say = (message: object) => socket.send(JSON.stringify(message))
    const next = async (kind: string) => {
      await expect.poll(() => said.some(({ T }) => T === kind)).toBe(true)
      return said.splice(0, said.findIndex(({ T }) => T === kind) + 1).at(-1)!
    }
    await next('success')
    say({ action: 'auth', key, secret: 'SK' })
    return { socket, said, say, next }
  }

  test('a second connection of a key is refused, and the first one stays', async () => {
    const first = await connect()
    await first.next('success')
    const second = await connect()
    const closed = once(second.socket, 'close')
    expect(await second.next('error')).toMatchObject({ code: 406 })
    await closed
    first.say({ action: 'subscribe', trades: ['AAPL'] })
    expect(await first.next('subscription')).toMatchObject({ trades: ['AAPL'], corrections: ['AAPL'] })
    expect(await (await connect('/v2/sip')).next('success')).toMatchObject({ msg: 'authenticated' })
  })

  test('a request that is over the limit, or wrong, changes nothing', async () => {
    const { say, next } = await connect('/v2/iex', 'free')
    await next('success')
    say({ action: 'subscribe', trades: ['AAPL'], quotes: ['MSFT'] })
    await next('subscription')
    say({
      action: 'subscribe',
      trades: Array.from({ length: 29 }, (_, at) => `A${String.fromCharCode(65 + (at % 26))}${at}`)
    })
    expect(await next('error')).toMatchObject({ code: 405 })
    say({ action: 'subscribe', orderbooks: ['AAPL'] })
    expect(await next('error')).toMatchObject({ code: 410 })
    say({ action: 'subscribe', trades: ['a b'] })
    expect(await next('error')).toMatchObject({ code: 400 })
    say({ action: 'auth', key: 'free', secret: 'SK' })
    expect(await next('error')).toMatchObject({ code: 403 })
    say({ action: 'unsubscribe', quotes: ['MSFT'] })
    expect(await next('subscription')).toMatchObject({ trades: ['AAPL'], quotes: [] })
  })

  test('a plan without the feed is refused', async () => {
    expect(await (await connect('/v2/sip', 'free')).next('error')).toMatchObject({ code: 409 })
  })

  test('volumes of trades add up to the volume of the quote', async () => {
    const { say, next, said } = await connect()
    await next('success')
    say({ action: 'subscribe', trades: ['AAPL'] })
    await expect.poll(() => said.filter(({ T }) => T === 't').length).toBeGreaterThan(8)
    const trades = said.filter(({ T }) => T === 't') as { s: number; t: string; i: number }[]
    const aapl = sandbox.exchange.find('AAPL')!
    const volumeAt = (text: string) =>
      sandbox.exchange.quote(aapl, Math.floor(Date.parse(text) / TICK_MS) * TICK_MS).volume
    // Every third one is large, and brings what is due by then.
    const isLarge = ({ i }: { i: number }) => i % 3 === 0
    const [from, until] = [trades.findIndex(isLarge), trades.findLastIndex(isLarge)]
    const traded = volumeAt(trades[until]!.t) - volumeAt(trades[from]!.t)
    const told = trades.slice(from + 1, until + 1).reduce((sum, { s }) => sum + s, 0)
    expect(Math.abs(told - traded)).toBeLessThanOrEqual(trades.length)
    expect(new Set(trades.map(({ i }) => i)).size).toBe(trades.length)
  })

  test('a mute stream keeps its connection, and one that plays dead answers no ping', async () => {
    const { socket, say, next, said } = await connect()
    await next('success')
    say({ action: 'subscribe', trades: ['AAPL'] })
    await next('t')
    const mute = sandbox.scenario({ vendor: 'alpaca-stream', scenario: 'mute' })
    await expect
      .poll(async () => {
        const before = said.length
        socket.ping()
        await once(socket, 'pong')
        return said.length - before
      })
      .toBe(0)
    mute()
    said.splice(0)
    await next('t')
    sandbox.scenario({ vendor: 'alpaca-stream', scenario: 'half_open' })
    const silent = () => expect.poll(() => said.splice(0).length, { interval: 4 * TICK_MS }).toBe(0)
    await silent()
    let hasPonged = false
    socket.on('pong', () => (hasPonged = true))
    socket.ping()
    await silent()
    expect(hasPonged).toBe(false)
    sandbox.endScenarios()
    await next('t')
  })
})
