import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { pino } from 'pino'
import type { Instrument, InstrumentDetails } from '../../src/market/instrument.ts'
import { quoteUpdate } from '../../src/market/event.ts'
import type { OptionChain } from '../../src/market/option-chain.ts'
import { DAY_MS } from '../../src/market/time.ts'
import { quote } from '../db/values.ts'
import type { Report } from '../../workers/handler.ts'
import { SelectedContracts } from '../../workers/ingest/selected-contracts.ts'
import { importInstruments } from '../../workers/jobs/import-instruments.ts'
import { loadConfig } from '../../src/config/config.ts'
import { startSandbox, type Sandbox } from '../../src/sandbox/sandbox.ts'
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
  token = (await api.login()).token
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

describe('the master file of the simulated NSE', () => {
  test('is imported whole', () => {
    expect(report.failures).toBe(0)
    expect(report.items).toBeGreaterThan(3000)
    expect(report.note).toMatch(/^NSE: \d+ listed, \d+ added$/)
  })

  test('is told with the instant at which contracts stop trading', async () => {
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
    const byKey = await value<InstrumentDetails>(`/${encodeURIComponent(aliases[0]!.alias)}`)
    expect(byKey.instrument).toEqual(instrument)
  })

  test('that cannot be had is told as the reason of the failure, and what is known stays', async () => {
    sandbox.scenario({ vendor: 'upstox-assets', scenario: 'html', count: 1 })
    await expect(run()).rejects.toThrow(/the master file of NSE is not what it should be: .*; what it listed stays/)
    expect(await symbols('q=reliance&type=equity')).toEqual(['NSE:RELIANCE'])
    expect(await run({ UPSTOX_MASTERS: 'NSE' })).toMatchObject({ failures: 0 })
    expect(await run({ MARKET: 'live' })).toMatchObject({ isSkipped: true })
  })
})

describe('the option chain of an Indian underlying', () => {
  const options = async (query: string) => {
    const answer = await api.get(`/api/v1/market/options/^NSEI${query}`, token)
    return { status: answer.status, chain: answer.json() as OptionChain }
  }

  test('is what the exchange lists, with the prices that are held and what follows from them', async () => {
    const spot = strike + 20
    const day = new Date(Date.now() + 14 * DAY_MS).toISOString().slice(0, 10)
    const symbol = `NSE:NIFTY${day.slice(2).replaceAll('-', '')}C${strike}`
    const { core } = api
    const contract = { kind: 'option', underlying: '^NSEI', expiry: day, currency: 'INR' } as const
    await core.stores.instruments.upsert([
      { ...contract, symbol, strike, right: 'call' },
      { ...contract, symbol: symbol.replace('C', 'P'), strike, right: 'put' }
    ])
    core.intake.accept(quoteUpdate(quote({ symbol: '^NSEI', price: spot })))
    core.intake.accept(quoteUpdate(quote({ symbol, price: 250, bid: 249, ask: 251 })))
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
    expect(call!.computed).toEqual(['impliedVolatility', 'delta', 'gamma', 'theta', 'vega', 'rho'])
    expect(call!.delta).toBeGreaterThan(0.4)
    expect(call!.delta).toBeLessThan(0.7)
    expect(put).not.toHaveProperty('delta')
    expect((await options('?expiry=2099-01-01')).status).toBe(400)
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

describe('instruments', () => {
  test('are found by what people type', async () => {
    expect(await symbols(`q=nifty%20${strike}%20ce%2001%20dec`)).toEqual([`NSE:NIFTY261201C${strike}`])
    expect(await symbols('q=relian&type=equity')).toEqual(['NSE:RELIANCE'])
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
