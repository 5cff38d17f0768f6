import { once } from 'node:events'
import { afterEach, beforeEach, expect, onTestFinished, test } from 'vitest'
import { WebSocket } from 'ws'
import type { MarketEvent, TopicName } from '../../src/market/event.ts'
import { indianDerivativeSymbol } from '../../src/market/indian-derivative.ts'
import { contractQuote } from '../../src/sandbox/contract-quotes.ts'
import { createExchange } from '../../src/sandbox/exchange.ts'
import { indianDerivatives } from '../../src/sandbox/indian-derivatives.ts'
import { startSandbox, type Sandbox } from '../../src/sandbox/sandbox.ts'
import { contractKeyOf } from '../../src/sandbox/vendors/upstox/listing.ts'
import { upstoxKeyOf } from '../../src/sandbox/vendors/upstox/instrument-keys.ts'
import { systemClock } from '../../src/streams/clock.ts'
import type { Refusal } from '../../src/streams/mapper.ts'
import { openSocket } from '../../src/streams/socket.ts'
import { Supervisor } from '../../src/streams/supervisor.ts'
import { upstox, type UpstoxOptions } from '../../src/streams/upstox/feed.ts'
import { placeOf } from '../streams/upstox/frames.ts'

const TICK_MS = 50
const SYMBOL = 'NSE:RELIANCE'
const AUTHORIZE = '/upstox/v3/feed/market-data-feed/authorize'

let sandbox: Sandbox

beforeEach(async () => {
  sandbox = await startSandbox({ tickMs: TICK_MS })
})
afterEach(() => sandbox.close())

const jwt = (claims: object) => `head.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.sign`
const inSeconds = (seconds: number) => Math.ceil(Date.now() / 1000) + seconds

function listen(topics: readonly TopicName[], options: Partial<UpstoxOptions> = {}) {
  const { instruments } = sandbox.exchange
  const keys = {
    keyOf: (symbol: string) => upstoxKeyOf({ symbol }),
    symbolOf: (key: string) => instruments.find((each) => upstoxKeyOf(each) === key)?.symbol
  }
  const events: MarketEvent[] = []
  const refusals: Refusal[] = []
  const states: string[] = []
  let carried: ReadonlySet<TopicName> = new Set()
  let refused: ReadonlyMap<TopicName, string> = new Map()
  const feed = upstox({
    baseUrl: `${sandbox.url}/upstox`,
    token: () => 'T',
    modes: ['full'],
    keys,
    placeOf,
    ...options
  })
  const supervisor = new Supervisor({
    feeds: [feed],
    fence: 1,
    open: openSocket,
    clock: systemClock,
    random: () => 0,
    phaseOf: () => 'closed',
    events: {
      mapped(mapped) {
        events.push(...mapped.events)
        refusals.push(...mapped.refusals)
      },
      changed: ({ text }) => void states.push(text),
      carrying: (now, without) => void ([carried, refused] = [now, new Map(without)]),
      gapBegan: () => undefined,
      gapEnded: () => undefined,
      notice: () => undefined
    }
  })
  supervisor.want(new Set(topics))
  supervisor.start()
  onTestFinished(() => supervisor.close())
  return { supervisor, events, refusals, states, carried: () => carried, refused: () => refused }
}

const until = (is: () => boolean) => expect.poll(is).toBe(true)

test('shares and indices of India stream at the prices of the exchange, and volumes add up', async () => {
  const topics = [`trades:${SYMBOL}`, `bbo:${SYMBOL}`, 'trades:NSE:TCS', 'quotes:^NSEI']
  const { events, refusals, carried, supervisor } = listen(topics)
  const trades = () =>
    events.flatMap((event) => (event.type === 'trade' && event.data.symbol === SYMBOL ? event.data.trade : []))
  await until(() => trades().length >= 12)
  expect([...carried()].sort()).toEqual(topics.toSorted())
  expect(supervisor.status).toMatchObject({ state: 'live', feed: 'upstox/full' })
  expect(refusals).toEqual([])
  const instrument = sandbox.exchange.find(SYMBOL)!
  const at = (trade: { asOf: string }) => sandbox.exchange.quote(instrument, Date.parse(trade.asOf))
  for (const trade of trades()) expect(trade.price).toBe(at(trade).price)
  const [first, ...others] = trades()
  const told = others.reduce((sum, { size }) => sum + size, 0)
  expect(told / (at(others.at(-1)!).volume - at(first!).volume)).toBeCloseTo(1, 1)
  const bbos = events.flatMap((event) => (event.type === 'bbo' ? event.data.bbo : []))
  expect(bbos.length).toBeGreaterThan(0)
  for (const { bid, ask } of bbos) expect(bid!).toBeLessThan(ask!)
  const quotes = events.flatMap((event) => (event.type === 'quote_update' ? event.data.quote : []))
  const snapshots = quotes.filter(({ symbol, provenance }) => symbol === SYMBOL && !provenance.delivery)
  expect(snapshots[0]).toMatchObject({ previousClose: at(first!).previousClose, volume: expect.any(Number) })
  expect(quotes.filter(({ symbol }) => symbol === '^NSEI').length).toBeGreaterThan(3)

  sandbox.scenario({ vendor: 'upstox-stream', scenario: 'down', count: 1 })
  await until(() => supervisor.status.connections === 2 && supervisor.status.state === 'live')
})

test('contracts stream at prices that follow their underlying, with open interest and greeks', async () => {
  const contracts = indianDerivatives(sandbox.exchange).filter(({ root }) => root === 'NIFTY')
  const call = contracts.find(({ right }) => right === 'call')!
  const contractKey = `NSE_FO|${call.token}`
  const symbol = `NSE:NIFTY${call.expiry.slice(2).replaceAll('-', '')}C${call.strike}`
  const keys = {
    keyOf: (name: string) => (name === symbol ? contractKey : undefined),
    symbolOf: (key: string) => (key === contractKey ? symbol : undefined)
  }
  const { events, refusals } = listen([`trades:${symbol}`], { keys })
  const trades = () => events.flatMap((event) => (event.type === 'trade' ? event.data.trade : []))
  await until(() => trades().length >= 5)
  expect(refusals).toEqual([])
  const spotAt = (ms: number) => sandbox.exchange.quote(call.underlying, ms)
  for (const { price, asOf } of trades()) {
    expect(price).toBe(contractQuote(sandbox.exchange, call, spotAt(Date.parse(asOf)), Date.parse(asOf)).price)
  }
  const quotes = events.flatMap((event) => (event.type === 'quote_update' ? event.data.quote : []))
  const quote = quotes.find((each) => each.symbol === symbol)
  expect(quote!.derivative).toMatchObject({ openInterest: expect.any(Number), impliedVolatility: expect.any(Number) })
  expect(quote!.derivative!.delta).toBeGreaterThan(0.5)
  expect(quote!.price).toBeGreaterThan(0.8 * (spotAt(Date.now()).price - call.strike!))
})

test('commodities and contracts of BSE stream as REST tells them, each in the hours of its exchange', async () => {
  const contracts = indianDerivatives(sandbox.exchange)
  const future = contracts.find(({ root, right }) => root === 'CRUDEOIL' && right === undefined)!
  const option = contracts.find(({ root, right }) => root === 'SENSEX' && right === 'call')!
  const symbols = new Map([future, option].map((each) => [contractKeyOf(each), indianDerivativeSymbol(each)]))
  expect([...symbols.keys()].map((key) => key.split('|')[0])).toEqual(['MCX_FO', 'BSE_FO'])
  const keys = {
    keyOf: (name: string) => [...symbols].find(([, symbol]) => symbol === name)?.[0] ?? upstoxKeyOf({ symbol: name }),
    symbolOf: (key: string) => symbols.get(key) ?? (key.startsWith('BSE_EQ|') ? 'BSE:TCS' : undefined)
  }
  const wanted = [...symbols.values(), 'BSE:TCS']
  const { events, refusals } = listen(
    wanted.map((symbol): TopicName => `trades:${symbol}`),
    { keys }
  )
  const trades = (symbol: string) =>
    events.flatMap((event) => (event.type === 'trade' && event.data.symbol === symbol ? event.data.trade : []))
  await until(() => wanted.every((symbol) => trades(symbol).length >= 3))
  expect(refusals).toEqual([])
  for (const contract of [future, option]) {
    for (const { price, asOf } of trades(indianDerivativeSymbol(contract))) {
      const at = Date.parse(asOf)
      const spot = sandbox.exchange.quote(contract.underlying, at)
      expect(price).toBe(contractQuote(sandbox.exchange, contract, spot, at).price)
    }
  }
  const share = sandbox.exchange.find('BSE:TCS')!
  for (const { price, asOf } of trades('BSE:TCS')) {
    expect(price).toBe(sandbox.exchange.quote(share, Date.parse(asOf)).price)
  }
  const path = `${sandbox.url}/upstox/v3/market-quote/quotes?instrument_key=${[...symbols.keys()].join(',')}`
  const told = (await (await fetch(path, { headers: { authorization: 'Bearer T' } })).json()) as {
    data: Record<string, { last_price: number }>
  }
  const last = trades(indianDerivativeSymbol(future)).at(-1)!
  expect(told.data[contractKeyOf(future).replace('|', ':')]!.last_price / last.price).toBeCloseTo(1, 2)

  const exchange = createExchange({ seed: 1, now: Date.now, alwaysOpen: false })
  const phaseAt = (instant: string) => exchange.calendar(future.underlying).phaseAt(Date.parse(instant))
  expect(['2026-10-30T17:59:00Z', '2026-10-30T18:01:00Z'].map(phaseAt)).toEqual(['regular', 'closed'])
  expect(['2026-12-01T18:24:00Z', '2026-12-01T18:26:00Z'].map(phaseAt)).toEqual(['regular', 'closed'])
  // On a holiday of NSE the evening is open.
  expect(['2026-11-24T08:00:00Z', '2026-11-24T12:00:00Z'].map(phaseAt)).toEqual(['closed', 'regular'])
})

test('a token that ends while it streams is said to have, and the next one of the user goes on with', async () => {
  let token = jwt({ sub: 'U1', exp: inSeconds(1) })
  const { supervisor, states } = listen([`trades:${SYMBOL}`], { token: () => token })
  await until(() => supervisor.status.state === 'live')
  expect(supervisor.status.credentialUntil).toBeGreaterThan(Date.now() - 5000)
  await until(() => supervisor.status.state === 'stopped')
  expect(states.at(-1)).toMatch(/stopped, the token ended at .*a new one is needed/)
  token = jwt({ sub: 'U2', exp: inSeconds(3600) })
  supervisor.renew()
  await until(() => states.at(-1)!.includes('of another user'))
  token = jwt({ sub: 'U1', exp: inSeconds(3600) })
  supervisor.renew()
  await until(() => supervisor.status.state === 'live')
})

test('a token that the vendor refuses stops the stream, and troubles of the vendor do not', async () => {
  const wrong = listen([`trades:${SYMBOL}`], { token: () => 'wrong' })
  await until(() => wrong.supervisor.status.state === 'stopped')
  expect(wrong.supervisor.status).toMatchObject({
    problem: 'fatal',
    text: expect.stringContaining('refuses the token')
  })
  sandbox.scenario({ vendor: 'upstox', scenario: 'rate_limited', count: 1 })
  const { supervisor, states } = listen([`trades:${SYMBOL}`])
  await until(() => supervisor.status.state === 'live')
  expect(states.join()).toContain('too many requests')
})

test('an address is good once, a user has two connections, and what is over a cap is told nothing of', async () => {
  const addressOf = async (token: string) => {
    const answer = await fetch(sandbox.url + AUTHORIZE, { headers: { authorization: `Bearer ${token}` } })
    return ((await answer.json()) as { data: { authorized_redirect_uri: string } }).data.authorized_redirect_uri
  }
  const outcome = async (address: string) => {
    const socket = new WebSocket(address)
    onTestFinished(() => socket.terminate())
    const refused = once(socket, 'error').then(([error]) => (error as Error).message)
    return Promise.race([once(socket, 'open').then(() => 'open'), refused])
  }
  const address = await addressOf('U')
  expect(await outcome(address)).toBe('open')
  expect(await outcome(address)).toContain('403')
  expect(await outcome(await addressOf('U'))).toBe('open')
  expect(await outcome(await addressOf('U'))).toContain('403')
  const third = listen([`trades:${SYMBOL}`], { token: () => 'U' })
  await until(() => third.supervisor.status.problem === 'capacity')
  expect(third.supervisor.status.text).toContain('as many connections as the plan allows')
  const plus = listen([`bbo:${SYMBOL}`], { token: () => 'plus-user', modes: ['full_d30'] })
  await until(() => plus.carried().has(`bbo:${SYMBOL}`))
})
