import { once } from 'node:events'
import { websocketClient } from '@massive.com/client-js'
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { WebSocket } from 'ws'
import { startSandbox, type Sandbox } from '../../src/sandbox/sandbox.ts'
import { massiveMapper } from '../../src/streams/massive/mapper.ts'
import { arrival, placeOf } from '../streams/massive/arrivals.ts'

const TICK_MS = 50

type Message = Record<string, unknown> & { ev: string; status?: string; message?: string }
/** What the vendor's client hands out is a socket as browsers have it. */
type BrowserSocket = {
  addEventListener(kind: 'message', listener: (event: { data: string }) => void): void
  addEventListener(kind: 'close', listener: (event: { code: number }) => void): void
  send(text: string): void
  close(): void
}

let sandbox: Sandbox

beforeEach(async () => {
  sandbox = await startSandbox({ tickMs: TICK_MS })
})
afterEach(() => sandbox.close())

const baseUrl = () => `${sandbox.url.replace('http', 'ws')}/massive-stream`

function reader() {
  const said: Message[] = []
  const texts: string[] = []
  const find = (is: (message: Message) => boolean) => said.findIndex(is)
  return {
    said,
    texts,
    took: (text: string) => {
      texts.push(text)
      said.push(...(JSON.parse(text) as Message[]))
    },
    /** The next message that is so; those before it are left. */
    next: async (is: (message: Message) => boolean) => {
      await expect.poll(() => find(is)).toBeGreaterThanOrEqual(0)
      return said.splice(0, find(is) + 1).at(-1)!
    }
  }
}
const SYMBOLS = ['AAPL', 'MSFT', 'BRK.B', 'SPY', 'JPM', 'XOM']

const status = (name: string) => (message: Message) => message.ev === 'status' && message.status === name
/** Until nothing was said for some ticks: a scenario begins with the next one. */
async function silence(said: unknown[]): Promise<void> {
  let quietLooks = 0
  const look = () => (quietLooks = said.splice(0).length === 0 ? quietLooks + 1 : 0)
  await expect.poll(look, { interval: 4 * TICK_MS }).toBeGreaterThanOrEqual(2)
}
const kind = (ev: string) => (message: Message) => message.ev === ev

describe("the vendor's own client", () => {
  function vendorsClient(market: 'stocks' | 'crypto', key = 'K') {
    const socket = websocketClient(key, baseUrl())[market]() as unknown as BrowserSocket
    onTestFinished(() => socket.close())
    const { took, next } = reader()
    socket.addEventListener('message', ({ data }) => took(data))
    const closed = new Promise<number>((resolve) => socket.addEventListener('close', ({ code }) => resolve(code)))
    return { next, closed, subscribe: (params: string) => socket.send(JSON.stringify({ action: 'subscribe', params })) }
  }

  test('reads trades, quotes, seconds and bands of the simulated exchange', async () => {
    const { next, subscribe } = vendorsClient('stocks')
    await next(status('connected'))
    await next(status('auth_success'))
    subscribe('T.AAPL,Q.AAPL,A.AAPL,LULD.AAPL')
    for (const parameter of ['T.AAPL', 'Q.AAPL', 'A.AAPL', 'LULD.AAPL']) {
      expect(await next(status('success'))).toMatchObject({ message: `subscribed to: ${parameter}` })
    }
    const trade = await next(kind('T'))
    const quote = sandbox.exchange.quote(sandbox.exchange.find('AAPL')!, Number(trade['t']))
    expect(trade).toMatchObject({ sym: 'AAPL', p: quote.price, z: 3, x: 12, i: expect.stringMatching(/^\d+$/) })
    expect(await next(kind('Q'))).toMatchObject({ bp: expect.any(Number), ap: expect.any(Number) })
    expect(await next(kind('A'))).toMatchObject({ dv: expect.stringMatching(/^\d+\.\d$/) })
    sandbox.scenario({ vendor: 'massive-stream', scenario: 'halt', symbol: 'AAPL', count: 1 })
    expect(await next(({ ev, i }) => ev === 'LULD' && String(i) === '17')).toMatchObject({ T: 'AAPL' })
  })

  test('reads trades of coins', async () => {
    const { next, subscribe } = vendorsClient('crypto')
    await next(status('auth_success'))
    subscribe('XT.BTC-USD')
    expect(await next(kind('XT'))).toMatchObject({ pair: 'BTC-USD', x: 1, c: [2] })
  })

  test('is told that its key is wrong', async () => {
    const { next, closed } = vendorsClient('stocks', 'wrong')
    expect(await next(status('auth_failed'))).toMatchObject({ message: 'authentication failed' })
    await closed
  })

  test('loses its place to a second one under its key, which goes on', async () => {
    const first = vendorsClient('stocks')
    await first.next(status('auth_success'))
    const second = vendorsClient('stocks')
    await second.next(status('auth_success'))
    expect(await first.next(status('max_connections'))).toHaveProperty('message')
    expect(await first.closed).toBe(1008)
    second.subscribe('T.AAPL')
    await second.next(kind('T'))
    const third = vendorsClient('crypto')
    await third.next(status('auth_success'))
    await second.next(kind('T'))
  })
})

describe('over a plain socket', () => {
  async function connect(path = '/stocks', key = 'K') {
    const socket = new WebSocket(`${baseUrl()}${path}`)
    onTestFinished(() => socket.terminate())
    const { took, ...read } = reader()
    socket.on('message', (data: Buffer) => took(data.toString()))
    await once(socket, 'open')
    const say = (action: string, params: string) => socket.send(JSON.stringify({ action, params }))
    say('auth', key)
    await read.next(status('auth_success'))
    return { socket, say, ...read }
  }

  test('a plan with bars alone is told so once for each channel that it lacks, and keeps the others', async () => {
    const { say, next } = await connect('/stocks', 'free')
    say('subscribe', 'T.AAPL,AM.AAPL,Q.AAPL')
    expect(await next(status('error'))).toMatchObject({ message: 'not authorized' })
    expect(await next(status('success'))).toMatchObject({ message: 'subscribed to: AM.AAPL' })
    expect(await next(status('error'))).toMatchObject({ message: 'not authorized' })
  })

  test('what is held, and what the cluster does not publish, is not answered; what does not exist is confirmed', async () => {
    const { say, next, said } = await connect()
    say('subscribe', 'T.AAPL')
    await next(status('success'))
    say('subscribe', 'T.AAPL,XT.BTC-USD,T.NOSUCH')
    expect(await next(status('success'))).toMatchObject({ message: 'subscribed to: T.NOSUCH' })
    say('unsubscribe', 'T.AAPL')
    expect(await next(status('success'))).toMatchObject({ message: 'unsubscribed to: T.AAPL' })
    expect(said.filter(({ ev }) => ev === 'status')).toEqual([])
  })

  test('all that it says is understood, to the nanosecond', async () => {
    const { say, texts } = await connect()
    say('subscribe', SYMBOLS.flatMap((symbol) => [`T.${symbol}`, `Q.${symbol}`, `LULD.${symbol}`]).join(','))
    sandbox.scenario({ vendor: 'massive-stream', scenario: 'halt' })
    await expect.poll(() => texts.some((text) => text.includes('"i":[17]'))).toBe(true)
    await expect.poll(() => texts.some((text) => text.includes('"ds":'))).toBe(true)
    const map = massiveMapper({ market: 'stocks', feed: 'sandbox', placeOf })
    const read = texts.map((text) => map(text, { ...arrival(), receivedAt: Date.now() }))
    expect(read.flatMap(({ refusals }) => refusals)).toEqual([])
    expect(read.flatMap(({ unknownFields = [] }) => unknownFields)).toEqual([])
    const halts = read.flatMap(({ events }) => events.filter(({ type }) => type === 'halt'))
    expect(JSON.stringify(halts)).toMatch(/"asOf":"[^"]+\.\d{9}Z"/)
    const sizes = read.flatMap(({ events }) =>
      events.map((event) => (event.type === 'trade' ? event.data.trade.size : 1))
    )
    expect(Math.min(...sizes)).toBeGreaterThan(0)
    expect(sizes.some((size) => !Number.isInteger(size))).toBe(true)
  })

  test('a mute stream keeps its connection, and one that plays dead answers no ping', async () => {
    const { socket, say, next, said } = await connect()
    say('subscribe', 'T.AAPL')
    await next(kind('T'))
    const mute = sandbox.scenario({ vendor: 'massive-stream', scenario: 'mute' })
    await silence(said)
    socket.ping()
    await once(socket, 'pong')
    mute()
    await next(kind('T'))
    sandbox.scenario({ vendor: 'massive-stream', scenario: 'half_open' })
    await silence(said)
    let hasPonged = false
    socket.on('pong', () => (hasPonged = true))
    socket.ping()
    await silence(said)
    sandbox.endScenarios()
    await next(kind('T'))
    expect(hasPonged).toBe(false)
  })
})
