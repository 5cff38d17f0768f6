import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { pino } from 'pino'
import { Instrument, type InstrumentDetails } from '../../src/market/instrument.ts'
import { figuresToldAt } from '../../src/market/derivative-figures.ts'
import { quoteUpdate } from '../../src/market/event.ts'
import type { OptionChain } from '../../src/market/option-chain.ts'
import { DAY_MS } from '../../src/market/time.ts'
import { quote } from '../db/values.ts'
import type { Report } from '../../workers/handler.ts'
import { SelectedContracts } from '../../workers/ingest/selected-contracts.ts'
import { importInstruments } from '../../workers/jobs/import-instruments.ts'
import { loadConfig } from '../../src/config/config.ts'
import { startSandbox, type Sandbox } from '../../src/sandbox/sandbox.ts'
import type { Quote } from '../../src/market/quote.ts'
import { LiveClient } from '../support/live-client.ts'
import { errorOf, startWorld, type Api, type ApiWorld } from '../support/api.ts'

let world: ApiWorld
let sandbox: Sandbox
let api: Api
let token: string
let report: Report
/** One in the middle of those on NIFTY that end on the next day. */
let strike: number

/** A Monday, before the options of the next day's expiry end. */
const NOW = Date.parse('2026-11-30T05:00:00Z')

function run(env: Record<string, string> = {}, payload = {}): Promise<Report> {
  const config = loadConfig({ MARKET: 'sandbox', SANDBOX_URL: sandbox.url, ...env })
  const { stores, clock } = api.core
  const context = { config, stores, clock, now: () => NOW, log: pino({ level: 'silent' }) }
  const signal = AbortSignal.timeout(60_000)
  return importInstruments(payload, context as never, {
    signal,
    dueAt: NOW,
    everyMs: undefined,
    earlierProgress: undefined,
    progress: async () => undefined
  })
}

beforeAll(async () => {
  ;[world, sandbox] = await Promise.all([startWorld(), startSandbox({ now: () => NOW, alwaysOpen: false })])
  api = await world.startApi()
  token = (await api.login(['market:read', 'stream:read'])).token
  report = await run()
  const { instruments } = await value<Page>('?underlying=^NSEI&expiry=2026-12-01&right=call')
  strike = instruments[instruments.length >> 1]!.strike!
})
afterAll(async () => {
  await world.close()
  await sandbox.close()
})

type Page = { instruments: Instrument[]; next?: string }
async function value<T>(path: string): Promise<T> {
  const answer = await api.get(`/api/v1/marketdata/instruments${path}`, token)
  if (answer.status !== 200) throw new Error(`${answer.status} ${answer.body}`)
  return answer.json() as T
}
const symbols = async (query: string) => (await value<Page>(`?${query}`)).instruments.map(({ symbol }) => symbol)

describe('the master files of the simulated exchanges of India', () => {
  test('are imported whole', () => {
    expect(report.failures).toBe(0)
    expect(report.items).toBeGreaterThan(3000)
    expect(report.note).toMatch(
      /^NSE: \d+ listed, \d+ added\. BSE: \d+ listed, \d+ added\. MCX: \d+ listed, \d+ added$/
    )
  })

  test('list what ends late, and what else BSE and MCX have', async () => {
    const [future] = (await value<Page>('?underlying=MCX:CRUDEOIL&type=future')).instruments
    expect(future).toMatchObject({ segment: 'MCX_FO', mic: 'XIMC', lot: 100 })
    // The evening is longer while New York keeps standard time: 23:55.
    expect(future!.lastTradingAt).toBe(`${future!.expiry}T18:25:00.000Z`)
    const [option] = (await value<Page>('?underlying=^BSESN&type=option&right=call')).instruments
    expect(option).toMatchObject({ segment: 'BSE_FO', lot: 20 })
    expect(option!.lastTradingAt).toBe(`${option!.expiry}T10:10:00.000Z`)
    expect((await value<InstrumentDetails>('/BSE:TCS')).instrument.isin).toBe(
      (await value<InstrumentDetails>('/NSE:TCS')).instrument.isin
    )
  })

  test('are told with the instant at which contracts stop trading', async () => {
    const { instrument, aliases } = await value<InstrumentDetails>(`/NSE:NIFTY261201C${strike}`)
    expect(instrument).toMatchObject({
      kind: 'option',
      underlying: '^NSEI',
      expiry: '2026-12-01',
      lastTradingAt: '2026-12-01T10:10:00.000Z',
      strike,
      right: 'call',
      segment: 'NSE_FO'
    })
    expect(aliases).toMatchObject([{ vendor: 'upstox', from: '2026-11-30', until: '2026-12-02' }])
    const { alias } = aliases[0]!
    const holders = await api.core.stores.instruments.findByAlias('upstox', [alias], '2026-12-01')
    expect(holders.get(alias)).toMatchObject({ symbol: instrument.symbol })
  })

  test('are found by the key that the vendor has for them today', async () => {
    // A share's has no end: that of a contract names nothing from the day after its expiry on.
    const { instrument, aliases } = await value<InstrumentDetails>('/NSE:TCS')
    const byKey = await value<InstrumentDetails>(`/${encodeURIComponent(aliases[0]!.alias)}`)
    expect(byKey.instrument).toEqual(instrument)
  })

  test('that cannot be had is told as the reason of the failure, and what is known stays', async () => {
    sandbox.scenario({ vendor: 'upstox-assets', scenario: 'html', count: 1 })
    await expect(run()).rejects.toThrow(/the master file of NSE is not what it should be: .*; what it listed stays/)
    expect(await symbols('q=reliance&type=equity')).toEqual(['BSE:RELIANCE', 'NSE:RELIANCE'])
    expect(await run({ UPSTOX_MASTERS: 'NSE' })).toMatchObject({ failures: 0 })
    expect(await run({ MARKET: 'live' })).toMatchObject({ isSkipped: true })
  })
})

describe('the option chain of an Indian underlying', () => {
  // A Thursday: the simulated exchange has options of its own that expire on Tuesdays.
  const inTwoWeeks = new Date(Date.now() + 14 * DAY_MS)
  inTwoWeeks.setUTCDate(inTwoWeeks.getUTCDate() + ((11 - inTwoWeeks.getUTCDay()) % 7))
  const chainDay = inTwoWeeks.toISOString().slice(0, 10)
  const symbolOn = (day: string, right: 'C' | 'P') => `NSE:NIFTY${day.slice(2).replaceAll('-', '')}${right}${strike}`
  const options = async (query: string) => {
    const answer = await api.get(`/api/v1/market/options/^NSEI${query}`, token)
    return { status: answer.status, chain: answer.json() as OptionChain }
  }

  test('is what the exchange lists, with the prices that are held and what follows from them', async () => {
    const spot = strike + 20
    const day = chainDay
    const symbol = symbolOn(day, 'C')
    const { core } = api
    const contract = { kind: 'option', underlying: '^NSEI', expiry: day, currency: 'INR' } as const
    await core.stores.instruments.upsert([
      { ...contract, symbol, strike, right: 'call' },
      { ...contract, symbol: symbolOn(day, 'P'), strike, right: 'put' }
    ])
    core.intake.accept(quoteUpdate(quote({ symbol: '^NSEI', price: spot })))
    const derivative = figuresToldAt({ openInterest: 7500, rho: 1.5 }, new Date().toISOString())
    core.intake.accept(quoteUpdate(quote({ symbol, price: 250, bid: 249, ask: 251, derivative })))
    await core.recorder.flush()
    await expect.poll(async () => (await options(`?expiry=${day}`)).chain.contracts[0]?.bid).toBe(249)
    const { chain } = await options(`?expiry=${day}`)
    expect(chain).toMatchObject({ symbol: '^NSEI', underlyingPrice: spot, timeZone: 'Asia/Kolkata', currency: 'INR' })
    expect(chain.contracts.map((each) => [each.side, each.strike, each.last])).toEqual([
      ['call', strike, 250],
      ['put', strike, undefined]
    ])
    const [call, put] = chain.contracts
    expect(call!.lastTradingAt).toBe(`${day}T10:10:00.000Z`)
    // What the vendor told stands; the others are worked out.
    expect(call).toMatchObject({ openInterest: 7500, rho: 1.5 })
    expect(call!.computed).toEqual(['impliedVolatility', 'delta', 'gamma', 'theta', 'vega'])
    expect(call!.delta).toBeGreaterThan(0.4)
    expect(call!.delta).toBeLessThan(0.7)
    expect(put).not.toHaveProperty('delta')
    expect((await options('?expiry=2099-01-01')).status).toBe(400)
  })

  test('comes over WebSocket as the quotes of its contracts, those without any yet among them', async () => {
    const url = await api.app.listen({ host: '127.0.0.1', port: 0 })
    const client = new LiveClient(`${url.replace('http', 'ws')}/api/v1/market/ws/stock-quotes?token=${token}`)
    const chain = { type: 'option_chain', underlying: '^NSEI', expiry: chainDay }
    client.socket.once('open', () => {
      client.send({ type: 'subscribe', data: { ...chain, expiry: '2099-01-01' } })
      client.send({ type: 'subscribe', data: chain })
    })
    const { data } = await client.frame('subscribed')
    expect((await client.frame('error')).data).toMatchObject({
      code: 'INVALID_REQUEST',
      details: { field: 'data.expiry', allowed: expect.arrayContaining([chainDay]) as string[] }
    })
    expect(data).toMatchObject({ type: 'stock_quotes', stream: 'quotes', rejected: [], count: 3 })
    const contracts = [symbolOn(chainDay, 'C'), symbolOn(chainDay, 'P')]
    expect((data['accepted'] as { symbol: string }[]).map(({ symbol }) => symbol)).toEqual(['^NSEI', ...contracts])
    const { quotes, missing } = (await client.frame('snapshot')).data as { quotes: Quote[]; missing: object[] }
    expect(quotes.find(({ symbol }) => symbol === contracts[0])).toMatchObject({ derivative: { openInterest: 7500 } })
    expect(missing).toMatchObject([{ symbol: contracts[1] }])

    const derivative = figuresToldAt({ openInterest: 8250, delta: 0.56 }, new Date().toISOString())
    api.core.intake.accept(quoteUpdate(quote({ symbol: contracts[1]!, price: 180, derivative })))
    expect((await client.frame('quote_update')).data).toMatchObject({ symbol: contracts[1], quote: { derivative } })
  })
})

test('derivatives that rules select are wanted, and follow the price of their underlying', async () => {
  const { selection } = loadConfig({ DERIVATIVES: 'NIFTY=weekly/1' })
  const wanted = new Set<string>()
  let price: number | undefined = strike
  let asked = 0
  const selected = new SelectedContracts({
    selection,
    listed: (underlyings) => api.core.stores.directory.contractsOn(underlyings),
    async spotOf() {
      asked++
      return price
    },
    changed(added, removed) {
      for (const symbol of removed) wanted.delete(symbol)
      for (const symbol of added) wanted.add(symbol)
    },
    log: pino({ level: 'silent' }),
    now: () => NOW,
    everyMs: 5
  })
  const around = (middle: number) => [
    '^NSEI',
    'NSE:NIFTY261229F',
    ...[middle, middle - 50, middle + 50].flatMap((each) => ['C', 'P'].map((right) => `NSE:NIFTY261201${right}${each}`))
  ]
  await expect.poll(() => [...wanted].toSorted()).toEqual(around(strike).toSorted())
  price = strike + 60
  const before = asked
  await expect.poll(() => asked).toBeGreaterThan(before + 2)
  expect(wanted.has(`NSE:NIFTY261201C${strike - 50}`)).toBe(true)
  price = strike + 100
  await expect.poll(() => [...wanted].toSorted()).toEqual(around(strike + 100).toSorted())
  selected.close()
})

test('options on a commodity are selected around its next future, for it has no price itself', async () => {
  const { selection } = loadConfig({ DERIVATIVES: 'MCX:CRUDEOIL=monthly/1' })
  const asked = new Set<string>()
  const wanted: string[] = []
  const selected = new SelectedContracts({
    selection,
    listed: (underlyings) => api.core.stores.directory.contractsOn(underlyings),
    async spotOf(symbol) {
      asked.add(symbol)
      return 5610
    },
    changed: (added) => void wanted.push(...added),
    log: pino({ level: 'silent' }),
    now: () => NOW
  })
  await expect.poll(() => wanted.length).toBe(8)
  selected.close()
  const [underlying, future, ...options] = wanted
  expect([underlying, ...asked]).toEqual(['MCX:CRUDEOIL', future])
  const strikes = options.map((symbol) => Number(/[CP](\d+)$/.exec(symbol)![1]))
  expect([...new Set(strikes)]).toEqual([5600, 5550, 5650])
})

describe('instruments', () => {
  test('are found by what people type', async () => {
    expect(await symbols(`q=nifty%20${strike}%20ce%2001%20dec`)).toEqual([`NSE:NIFTY261201C${strike}`])
    expect(await symbols('q=relian&type=equity')).toEqual(['BSE:RELIANCE', 'NSE:RELIANCE'])
    expect(await symbols('q=^nifty&exchange=NSE&type=index')).toEqual([
      '^NIFTY_FIN_SERVICE',
      '^NIFTY_MID_SELECT',
      '^NSEBANK',
      '^NSEI'
    ])
    expect(await symbols('q=nobody')).toEqual([])
  })

  test('are filtered by underlying, expiry, strike and right', async () => {
    const range = `strikeFrom=${strike - 100}&strikeTo=${strike}`
    const near = await symbols(`underlying=^NSEI&expiry=2026-12-01&right=put&${range}`)
    expect(near).toEqual([strike - 100, strike - 50, strike].map((each) => `NSE:NIFTY261201P${each}`))
    const futures = await symbols('underlying=RELIANCE.NS&type=future&expiryTo=2026-12-31')
    expect(futures).toEqual(['NSE:RELIANCE261229F'])
    expect(await symbols('segment=NSE_INDEX&exchange=XNSE&limit=1')).toHaveLength(1)
    expect(await symbols('exchange=XNYS')).toEqual([])
  })

  test('come page by page, each once', async () => {
    const all = await symbols('underlying=^NSEBANK&limit=1000')
    const paged: string[] = []
    for (let next: string | undefined = ''; next !== undefined;) {
      const page: Page = await value<Page>(`?underlying=^NSEBANK&limit=100${next && `&page=${next}`}`)
      paged.push(...page.instruments.map(({ symbol }) => symbol))
      next = page.next
    }
    expect(paged).toEqual(all)
    expect(all.length).toBeGreaterThan(300)
  })

  test('come as rows too, page by page, with the step of their prices', async () => {
    const query = '?underlying=^NSEI&expiry=2026-12-01&right=call&limit=2'
    const { instruments, next } = await value<Page>(query)
    const csv = await api.get(`/api/v1/marketdata/instruments${query}&format=csv`, token)
    expect(csv.headers).toMatchObject({ 'quotewire-next': next })
    const [header, ...lines] = csv.body.trimEnd().split('\n')
    const names = header!.split(',')
    const rows = lines.map((line) => Object.fromEntries(line.split(',').map((cell, at) => [names[at], cell])))
    expect(rows).toMatchObject(
      instruments.map(({ symbol, expiry, strike, lot, tickSizes }) => ({
        symbol,
        expiry,
        strike: String(strike),
        lot: String(lot),
        tickSize: String(tickSizes![0]!.size)
      }))
    )
    const known = Object.keys(Instrument.properties)
    expect(instruments.flatMap((each) => Object.keys(each)).filter((name) => !known.includes(name))).toEqual([])
  })

  test('that nobody knows, and questions that mean nothing, are told so', async () => {
    const unknown = await api.get('/api/v1/marketdata/instruments/NSE:NOBODY', token)
    expect([unknown.status, errorOf(unknown).code]).toEqual([404, 'NOTHING_STORED'])
    const noKey = await api.get('/api/v1/marketdata/instruments/NSE_FO%7C1', token)
    expect(noKey.status).toBe(404)
    for (const query of ['q=%7C', 'exchange=NOWHERE', 'underlying=%25', 'page=x', 'strikeFrom=x', 'other=1']) {
      const answer = await api.get(`/api/v1/marketdata/instruments?${query}`, token)
      expect([query, answer.status, errorOf(answer).code]).toEqual([query, 400, 'INVALID_REQUEST'])
    }
    const alias = await api.get('/api/marketdata/instruments?limit=1', token)
    expect(alias.status).toBe(200)
    expect((await api.get('/api/v1/marketdata/instruments')).status).toBe(401)
  })
})
