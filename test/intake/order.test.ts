import { pino } from 'pino'
import { expect, onTestFinished, test } from 'vitest'
import { createRecorder } from '../../db/recorder.ts'
import { createStores } from '../../db/stores.ts'
import { createDatabase } from '../../db/client.ts'
import type { Policy } from '../../src/cache/policy.ts'
import { TieredCache } from '../../src/cache/tiered-cache.ts'
import { createIntake } from '../../src/intake/intake.ts'
import { quoteUpdate } from '../../src/market/event.ts'
import { createMemoryFeed } from '../../src/market-data/memory-feed.ts'
import { orderOf, supersedes, takesPlace } from '../../src/market/order.ts'
import type { Quote } from '../../src/market/quote.ts'
import { runsOf } from '../support/depth.ts'
import { following } from '../support/following.ts'
import { shippedHours } from '../support/hours.ts'
import { openLog, startLive, type LiveServer } from '../support/live-server.ts'
import { testDatabase, testRedis } from '../support/services.ts'

const PRODUCERS = 20
const SCRIPTS = 10_000
const QUOTES_PER_SCRIPT = 5
const SYMBOLS_PER_CLIENT = 5000

/** Mulberry32: the same scripts in every run. */
function randomFrom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

async function chanceAndStores(seed: number) {
  const random = randomFrom(seed)
  const [services, server] = await Promise.all([testRedis(), testDatabase()])
  onTestFinished(() => services.close())
  onTestFinished(() => server.close())
  const database = createDatabase({ url: server.url })
  onTestFinished(() => database.close())
  return { random, pick: (count: number) => Math.floor(random() * count), services, database }
}

/** Streams and polls of few instants, so that everything that the order looks at decides now and then. */
function quoteOfScript(symbol: string, price: number, start: number, pick: (count: number) => number): Quote {
  const isStreamed = pick(2) === 0
  const asOf = new Date(start + pick(4)).toISOString()
  return {
    symbol,
    price,
    asOf: pick(3) === 0 ? asOf.replace('Z', '000001Z') : asOf,
    ...(isStreamed && pick(2) === 0 && { sequence: pick(3) }),
    provenance: {
      source: ['yahoo', 'fmp', 'alpaca'][pick(3)]!,
      feed: pick(2) === 0 ? 'consolidated' : 'iex',
      ...(isStreamed && { delivery: 'stream' }),
      receivedAt: new Date(start + 1000 + pick(4)).toISOString(),
      state: 'live',
      attempts: []
    }
  }
}

test('twenty processes bring streams and polls in any order: nobody is shown a step back, and all end alike', async () => {
  const { random, pick, services, database } = await chanceAndStores(20_261_130)
  const { quotes: table } = createStores(database)

  const symbols = Array.from({ length: SCRIPTS }, (_, at) => `S${at.toString(36).toUpperCase()}`)
  const start = Date.now()
  const told = symbols.flatMap((symbol) =>
    Array.from({ length: QUOTES_PER_SCRIPT }, (_, at) => quoteOfScript(symbol, at + 1, start, pick))
  )
  const newest = new Map<string, Quote>()
  for (const quote of told) {
    const held = newest.get(quote.symbol)
    if (!held || supersedes(held, quote)) newest.set(quote.symbol, quote)
  }

  const live = await startLive(services.url)
  const beginning = live.live.context.hub.cursor
  const followers = await follow(live, symbols)
  const producers = await Promise.all(Array.from({ length: PRODUCERS }, () => openProducer(services.url)))

  const inAnyOrder = told.map((quote) => ({ quote, at: random() })).toSorted((one, other) => one.at - other.at)
  const appended = inAnyOrder.map(({ quote }) => {
    const verdict = producers[pick(PRODUCERS)]!.intake.accept(quoteUpdate(quote))
    return verdict.outcome === 'accepted' ? verdict.appended : Promise.resolve()
  })
  await Promise.all(appended)
  for (const { written } of producers.toReversed()) await table.upsert(written)

  const expected = ordersOf(newest)
  await expect.poll(() => ordersOf(followers.shown), { timeout: 30_000 }).toEqual(expected)
  expect(followers.forbidden).toEqual([])
  const resuming = await follow(live, symbols, beginning)
  await expect.poll(() => ordersOf(resuming.shown), { timeout: 30_000 }).toEqual(expected)
  expect(resuming.forbidden).toEqual([])
  const rows = await database.sql<
    { symbol: string; value_order: number[] }[]
  >`select symbol, value_order from quotes_latest`
  const stored = rows.map((row) => [row.symbol, row.value_order.join()] as const)
  expect(Object.fromEntries(stored)).toEqual(expected)
}, 120_000)

const SILENT = pino({ level: 'silent' })
const quotesPolicy: Policy<Quote> = {
  name: 'quote',
  prefix: 'quote:',
  revalidateMs: 60_000,
  staleMs: 3_600_000,
  maxEntries: 10_000,
  maxBytes: 2 ** 26,
  freshMs: () => 3_600_000,
  receivedAt: ({ provenance }) => Date.parse(provenance.receivedAt),
  order: orderOf,
  stale: (quote) => quote
}

/** Every second one is of the order of another one: what is told later of an instant is another bid, offer or halt. */
function quoteOfFewOrders(symbol: string, price: number, start: number, pick: (count: number) => number): Quote {
  const [asOf, receivedAt] = [start + pick(2), start + 1000 + pick(2)].map((ms) => new Date(ms).toISOString())
  const feed = 'consolidated' as const
  const provenance = { source: 'alpaca', feed, receivedAt: receivedAt!, state: 'live' as const, attempts: [] }
  return { symbol, price, asOf: asOf!, provenance }
}

test('whoever is asked shows the same quote, also where several are of one order: the one that was told last of them', async () => {
  const { pick, services, database } = await chanceAndStores(20_261_201)
  const stores = createStores(database)
  const recorder = createRecorder({ stores, log: SILENT })
  onTestFinished(() => recorder.close())
  const cacheOf = () => {
    const cache = new TieredCache({ redis: services.redis, log: SILENT })
    onTestFinished(() => cache.close())
    return cache.namespace(quotesPolicy)
  }
  const [loaded, seen] = [cacheOf(), cacheOf()]
  const symbols = Array.from({ length: runsOf(100) }, (_, at) => `T${at.toString(36).toUpperCase()}`)
  const live = await startLive(services.url)
  const followers = await follow(live, symbols)
  const { intake, written } = await openProducer(services.url)
  following(await openLog(services.url), 'beginning', {
    entries: createMemoryFeed({
      holdsQuote: (symbol) => seen.memory.holds(symbol),
      quoteSeen: (symbol, quote) => seen.memory.supersede(symbol, quote)
    })
  })

  const newest = new Map<string, Quote>()
  const start = Date.now()
  for (let round = 0; round < 8; round++) {
    const told = new Map(symbols.map((symbol) => [symbol, quoteOfFewOrders(symbol, round + 1, start, pick)]))
    const source = { load: async () => told }
    await loaded.refresh(symbols, source)
    if (round === 0) await seen.refresh(symbols, source)
    for (const quote of told.values()) {
      const held = newest.get(quote.symbol)
      if (!held || takesPlace(held, quote)) newest.set(quote.symbol, quote)
      intake.accept(quoteUpdate(quote))
      recorder.quote(quote)
    }
    if (pick(2) === 0) await recorder.flush()
    if (pick(2) === 0) await stores.quotes.upsert(written.splice(0))
  }
  await recorder.flush()
  await stores.quotes.upsert(written)

  const pricesOf = (quotes: ReadonlyMap<string, Quote>) =>
    Object.fromEntries(symbols.map((symbol) => [symbol, quotes.get(symbol)?.price]))
  const heldBy = async (cache: typeof loaded) =>
    pricesOf(new Map([...(await cache.held(symbols))].map(([symbol, answer]) => [symbol, answer.value])))
  const expected = pricesOf(newest)
  await expect.poll(() => pricesOf(followers.shown)).toEqual(expected)
  await expect.poll(() => heldBy(seen)).toEqual(expected)
  expect(await heldBy(loaded)).toEqual(expected)
  expect(await heldBy(cacheOf())).toEqual(expected)
  expect(pricesOf(await stores.quotes.latest(symbols))).toEqual(expected)
}, 60_000)

async function openProducer(url: string) {
  const written: Quote[] = []
  const intake = createIntake({
    eventLog: await openLog(url),
    log: { debug: () => undefined },
    quoteIntervalMs: 200,
    hoursOf: shippedHours,
    record: (event) => void (event.type === 'quote_update' && written.push(event.data.quote))
  })
  return { intake, written }
}

/** The last quote of each symbol that clients were shown, and the symbols of which they were shown one that they must not. */
async function follow(live: LiveServer, symbols: readonly string[], since?: string) {
  const shown = new Map<string, Quote>()
  const forbidden: string[] = []
  for (let from = 0; from < symbols.length; from += SYMBOLS_PER_CLIENT) {
    const client = live.connect([], `${since === undefined ? 'follows' : 'resumes'}-${from}`)
    client.socket.on('message', (message: Buffer) => {
      const { type, data } = JSON.parse(message.toString()) as { type: string; data: { quote: Quote } }
      if (type !== 'quote_update') return
      const { quote } = data
      const held = shown.get(quote.symbol)
      if (held && supersedes(quote, held)) forbidden.push(quote.symbol)
      shown.set(quote.symbol, quote)
    })
    await client.frame('welcome')
    client.subscribe(symbols.slice(from, from + SYMBOLS_PER_CLIENT), since === undefined ? {} : { since })
    await client.frame('subscribed')
  }
  return { shown, forbidden }
}

const ordersOf = (quotes: ReadonlyMap<string, Quote>): Record<string, string> =>
  Object.fromEntries([...quotes].map(([symbol, quote]) => [symbol, orderOf(quote).join()] as const))
