import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { pino } from 'pino'
import { expect, onTestFinished, test } from 'vitest'
import { carriedTopics, everyTopicOf } from '../../src/demand/answers.ts'
import { Carrier } from '../../src/demand/carrier.ts'
import { startPolling } from '../../workers/polling.ts'
import { connectFailFast, ready } from '../../src/redis/connections.ts'
import type { Frame, LiveClient } from '../support/live-client.ts'
import { startLive, testLog } from '../support/live-server.ts'

const SILENT = pino({ level: 'silent' })

async function redisAt(url: string) {
  const redis = connectFailFast(url)
  await ready(redis, 'REDIS_URL')
  onTestFinished(() => redis.disconnect())
  return redis
}

/** A process of its own that owns a stream of so many quotes. */
function streamProcess(redisUrl: string, slots: number) {
  const child = spawn(process.execPath, [...process.execArgv, join(import.meta.dirname, 'stream-process.ts')], {
    stdio: 'inherit',
    env: { ...process.env, REDIS_URL: redisUrl, SLOTS: String(slots) }
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  return child
}

async function polling(redisUrl: string) {
  const started = startPolling(await redisAt(redisUrl), SILENT)
  onTestFinished(() => started.close())
  return started
}

/** Who serves each symbol of a stream, as the client was told last. */
function servedTo(client: LiveClient, stream = 'quotes') {
  const told = client.frames.filter(({ type, data }) => TELLING.has(type) && data['stream'] === stream)
  const each = told.flatMap(({ data }) => (data['accepted'] ?? data['symbols']) as Served[])
  return Object.fromEntries(each.map(({ symbol, servedBy }) => [symbol, servedBy]))
}
type Served = { symbol: string; servedBy: string }
const TELLING = new Set(['subscribed', 'served_by'])

const accepted = ({ data }: Frame) => data['accepted']

test('a client learns at once that its symbols are polled, and that nobody polls them any more', async () => {
  const { url } = await testLog()
  const started = await polling(url)
  const live = await startLive(url)
  const client = live.connect()
  await client.frame('welcome')
  await expect.poll(() => live.live.context.serving.servedBy({ stream: 'quotes', symbol: 'AAPL' })).toEqual(POLLED)
  client.subscribe(['AAPL'])
  client.subscribe(['AAPL'], { stream: 'trades' })
  expect(accepted(await client.frame('subscribed'))).toEqual([{ symbol: 'AAPL', ...POLLED }])
  expect(accepted(await client.frame('subscribed', 1))).toEqual([{ symbol: 'AAPL', servedBy: 'nobody' }])
  await started.close()
  expect((await client.frame('served_by')).data).toEqual({
    type: 'stock_quotes',
    stream: 'quotes',
    symbols: [{ symbol: 'AAPL', servedBy: 'nobody' }]
  })
})
const POLLED = { servedBy: 'polling' }

test('symbols are acknowledged when the stream carries them, and move to polling when its process is killed, and back', async () => {
  const { url } = await testLog()
  await polling(url)
  const live = await startLive(url)
  const first = streamProcess(url, 2)
  const client = live.connect()
  await client.frame('welcome')
  const { serving } = live.live.context
  client.subscribe(['WARM'])
  await client.until(() => servedTo(client)['WARM'] === 'stream', 'the stream')
  client.subscribe(['AAPL', 'MSFT'])
  const [aapl, msft] = accepted(await client.frame('subscribed', 1)) as object[]
  const since = expect.stringMatching(/Z$/) as unknown
  expect(aapl).toEqual({ symbol: 'AAPL', servedBy: 'stream', source: 'alpaca', feed: 'iex', since })
  expect(msft).toEqual({ symbol: 'MSFT', servedBy: 'polling', reason: 'over_the_cap' })
  expect(await carriedTopics(await redisAt(url))).toEqual(new Set(['quotes:WARM', 'quotes:AAPL']))

  first.kill('SIGKILL')
  await client.until(() => servedTo(client)['AAPL'] === 'polling', 'polling', 10_000)
  expect(servedTo(client)).toEqual({ WARM: 'polling', AAPL: 'polling', MSFT: 'polling' })
  expect(serving.servedBy({ stream: 'quotes', symbol: 'MSFT' })).toEqual(POLLED)

  streamProcess(url, 3)
  await client.until(() => Object.values(servedTo(client)).every((by) => by === 'stream'), 'the stream again')
})

test('an acknowledgement waits for a stream that says nothing no longer than its time, and tells what is true', async () => {
  const { url } = await testLog()
  const redis = await redisAt(url)
  const silent = new Carrier({ redis, log: SILENT, processId: 'silent' })
  onTestFinished(() => silent.close())
  silent.announce([[everyTopicOf('trades'), { state: 'deciding' }]])
  await expect.poll(() => redis.exists('quotewire:answers:rows:silent')).toBe(1)
  const live = await startLive(url)
  const { serving } = live.live.context
  const client = live.connect()
  await client.frame('welcome')
  const askedAt = performance.now()
  client.subscribe(['AAPL'], { stream: 'trades' })
  expect(accepted(await client.frame('subscribed'))).toEqual([{ symbol: 'AAPL', servedBy: 'nobody' }])
  expect(performance.now() - askedAt).toBeGreaterThan(900)
  const laterMs: number[] = []
  for (const symbol of ['MSFT', 'TSLA', 'NVDA']) {
    const againAt = performance.now()
    client.subscribe([symbol], { stream: 'trades' })
    await client.frame('subscribed', 1 + laterMs.length)
    laterMs.push(performance.now() - againAt)
  }
  // Of several, for a busy machine keeps up one.
  expect(Math.min(...laterMs)).toBeLessThan(900)
  silent.announce([['trades:AAPL', { state: 'carried', source: 'alpaca', feed: 'iex', since: Date.now() }]])
  await client.until(() => servedTo(client, 'trades')['AAPL'] === 'stream', 'the stream')
  expect(serving.servedBy({ stream: 'trades', symbol: 'MSFT' })).toEqual({ servedBy: 'nobody' })
})

test('a Redis that loses its data moves nobody from the stream', async () => {
  const { url } = await testLog()
  const redis = await redisAt(url)
  const carrier = new Carrier({ redis, log: SILENT, processId: 'stream' })
  onTestFinished(() => carrier.close())
  carrier.announce([['quotes:AAPL', { state: 'carried', source: 'alpaca', feed: 'consolidated', since: 0 }]])
  const live = await startLive(url)
  const client = live.connect()
  await client.frame('welcome')
  client.subscribe(['AAPL'])
  await client.until(() => servedTo(client)['AAPL'] === 'stream', 'the stream')
  const told = client.ofType('served_by').length
  await redis.hset('quotewire:answers:rows:stream', { 'quotes:AAPL': 'no JSON', 'quotes:MSFT': '{"state":"beamed"}' })
  expect(await carriedTopics(redis)).toEqual(new Set())
  await redis.flushdb()
  await expect.poll(() => carriedTopics(redis)).toEqual(new Set(['quotes:AAPL']))
  carrier.announce([['quotes:AAPL', undefined]])
  await client.frame('served_by', told)
  expect(servedTo(client)).toEqual({ AAPL: 'nobody' })
  expect(client.ofType('served_by')).toHaveLength(told + 1)
})

test('five thousand symbols of one user are acknowledged together, each with who serves it', async () => {
  const { url } = await testLog()
  await polling(url)
  const live = await startLive(url)
  streamProcess(url, 1000)
  const client = live.connect()
  await client.frame('welcome')
  client.subscribe(['FIRST'])
  await client.until(() => servedTo(client)['FIRST'] === 'stream', 'the stream')
  client.subscribe(Array.from({ length: 4999 }, (_, at) => `S${at}`))
  await client.until(() => Object.keys(servedTo(client)).length === 5000, 'all of them')
  await client.until(() => Object.values(servedTo(client)).filter((by) => by === 'stream').length === 1000, 'slots')
  expect(new Set(Object.values(servedTo(client)))).toEqual(new Set(['stream', 'polling']))
})
