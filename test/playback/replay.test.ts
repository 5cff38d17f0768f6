import { spawn } from 'node:child_process'
import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { createDatabase, type Database } from '../../db/client.ts'
import { inCopyTransaction } from '../../db/copy.ts'
import { instrumentIds } from '../../db/instrument-ids.ts'
import { insertTicks, type TickReport } from '../../db/tick-writes.ts'
import type { ErrorBody } from '../../src/errors.ts'
import { isoOf } from '../../src/market/time.ts'
import type { Tick } from '../../src/market/tick.ts'
import type { Trade } from '../../src/market/trade.ts'
import { startWorld, type Api, type ApiWorld } from '../support/api.ts'
import { LiveClient, type Frame } from '../support/live-client.ts'
import { BARE_ENV } from '../support/processes.ts'

const PATH = '/api/v1/market/ws/stock-quotes'
const MINUTE_MS = 60_000
/** Long enough ago that everything that the tests store has happened. */
const BEGIN = Math.floor(Date.now() / MINUTE_MS) * MINUTE_MS - 120 * MINUTE_MS
const TRADE_DATE = isoOf(BEGIN).slice(0, 10)

let world: ApiWorld
let database: Database
let api: Api
let token: string
let host: string
let ids: Map<string, number>

beforeAll(async () => {
  world = await startWorld()
  api = await world.startApi()
  ;({ token } = await api.login(['stream:read', 'market:read']))
  host = (await api.app.listen({ host: '127.0.0.1', port: 0 })).replace('http', 'ws')
  database = createDatabase({ url: world.databaseUrl })
  ids = await inCopyTransaction(database.copyPool, (tx) =>
    instrumentIds(tx, ['AAPL', 'MSFT', 'MANY', 'LATER', 'EMPTY'])
  )
})
afterAll(async () => {
  await database.close()
  await world.close()
})

/** A trade so many milliseconds after the beginning. */
function trade(symbol: string, number: number, afterMs: number, over: Partial<Tick<Trade>> = {}): TickReport {
  const ms = BEGIN + afterMs
  const told = {
    symbol,
    sequence: number,
    tradeDate: TRADE_DATE,
    price: 100 + number,
    size: 0.3,
    tradeId: String(number)
  }
  const from = { source: 'alpaca', feed: 'iex', venue: 'XNAS', tape: 'C', conditions: ['@', 'I'] } as const
  return {
    instrumentId: ids.get(symbol)!,
    kind: 'trade',
    tick: { ...told, ...from, asOf: { ms, ns: 123_456 }, receivedAt: ms + 5, ...over }
  } as TickReport
}

/** What takes the place of a trade, so many milliseconds after the beginning. */
function replacing(kind: 'correction' | 'cancel', of: TickReport, afterMs: number, over = {}): TickReport {
  const { symbol, tradeDate, venue, tape, tradeId, source, feed, sequence } = of.tick as Tick<Trade>
  const ms = BEGIN + afterMs
  const replaces = { tradeDate, venue: venue!, tape: tape!, tradeId: tradeId! }
  const stamp = { symbol, tradeDate, tape: tape!, source, feed, sequence, asOf: { ms, ns: 0 }, receivedAt: ms + 5 }
  return { instrumentId: of.instrumentId, kind, tick: { ...stamp, replaces, ...over } } as TickReport
}

const store = (reports: readonly TickReport[]) => inCopyTransaction(database.copyPool, (tx) => insertTicks(tx, reports))

async function play(query: Record<string, string>): Promise<LiveClient> {
  const asked = new URLSearchParams({ replay: isoOf(BEGIN), ...query, token })
  return open(new LiveClient(`${host}${PATH}?${asked.toString()}`))
}

async function open(client: LiveClient): Promise<LiveClient> {
  await client.frame('welcome')
  return client
}

const subscribe = (client: LiveClient, ...symbols: string[]) => client.subscribe(symbols, { stream: 'trades' })
const TRADES = new Set(['trade', 'trade_correction', 'trade_cancel'])
const played = ({ frames }: LiveClient) => frames.filter(({ type }) => TRADES.has(type))
const toldOf = ({ type, data }: Frame) => [type, data['symbol'], data['timestamp']]

test('stored trades come as they came, with corrections and cancellations at their time, and then the end', async () => {
  const first = trade('AAPL', 1, 1000)
  const second = trade('MSFT', 2, 2000)
  const third = trade('AAPL', 3, 3000)
  await store([first, second, third])
  const right = { price: 90, size: 1, venue: 'XNAS', conditions: [], tradeId: '1b' }
  await store([replacing('correction', first, 2500, right), replacing('cancel', third, 4000, { reason: 'error' })])
  const client = await play({ speed: 'max' })
  subscribe(client, 'AAPL', 'MSFT', 'NOWHERE')
  expect(await client.closing()).toEqual({ code: 1000, reason: 'the replay has come to its end' })
  const at = (afterMs: number, digits = '') => isoOf(BEGIN + afterMs).replace('Z', `${digits}Z`)
  expect(played(client).map(toldOf)).toEqual([
    ['trade', 'AAPL', at(1000, '123456')],
    ['trade', 'MSFT', at(2000, '123456')],
    ['trade_correction', 'AAPL', at(2500)],
    ['trade', 'AAPL', at(3000, '123456')],
    ['trade_cancel', 'AAPL', at(4000)]
  ])
  const frames = played(client)
  const { symbol: _, ...stored } = first.tick as Tick<Trade>
  expect(frames[0]!.data['trade']).toEqual({
    ...stored,
    symbol: 'AAPL',
    asOf: at(1000, '123456'),
    receivedAt: at(1005)
  })
  expect(frames[2]!.data['correction']).toMatchObject({ price: 90, replaces: { tradeId: '1', price: 101, size: 0.3 } })
  expect(frames[4]!.data['cancel']).toMatchObject({
    reason: 'error',
    replaces: { tradeId: '3', venue: 'XNAS', price: 103 }
  })
  const [accepted] = client.ofType('subscribed')
  expect(accepted!.data).toMatchObject({
    accepted: [{ symbol: 'AAPL', servedBy: 'replay' }, { symbol: 'MSFT' }],
    rejected: [{ symbol: 'NOWHERE', code: 'SYMBOL_NOT_FOUND' }]
  })
  expect(client.frames.at(-1)).toMatchObject({ type: 'notice', data: { code: 'REPLAY_ENDED' } })
})

test('thousands of trades come each once and in order, however fast they are played and slowly they are read', async () => {
  const count = 12_345
  // Several share a millisecond, a microsecond and a nanosecond.
  await store(Array.from({ length: count }, (_, number) => trade('MANY', number, Math.floor(number / 7))))
  const client = await play({ speed: 'max' })
  subscribe(client, 'MANY')
  await client.until(() => played(client).length > 0)
  client.socket.pause()
  client.socket.resume()
  await client.closing()
  const ids = played(client).map(({ data }) => Number((data['trade'] as Trade).tradeId))
  expect(ids).toEqual(Array.from({ length: count }, (_, number) => number))
  expect(client.ofType('notice').map(({ data }) => data['code'])).toEqual(['REPLAY_ENDED'])
})

test('trades come at the speed that was asked for', async () => {
  await store([trade('LATER', 1, 0), trade('LATER', 2, 60 * MINUTE_MS), trade('LATER', 3, 119 * MINUTE_MS)])
  const client = await play({ speed: '7200', until: isoOf(BEGIN + 61 * MINUTE_MS) })
  const arrivedAt: number[] = []
  client.socket.on('message', (bytes: Buffer) => {
    if (bytes.toString().startsWith('{"type":"trade"')) arrivedAt.push(performance.now())
  })
  const startedAt = performance.now()
  subscribe(client, 'LATER')
  await client.closing()
  expect(played(client).map(({ data }) => (data['trade'] as Trade).tradeId)).toEqual(['1', '2'])
  // An hour of the replay is half a second; a busy machine makes it longer.
  expect(arrivedAt[1]! - startedAt).toBeGreaterThanOrEqual(500)
})

test('a symbol without a trade ends the replay at once, and other streams are refused by name', async () => {
  const client = await play({ speed: '1' })
  client.subscribe(['EMPTY'], { stream: 'bbo' })
  expect((await client.frame('subscribed')).data['rejected']).toMatchObject([
    { symbol: 'EMPTY', code: 'UNKNOWN_STREAM' }
  ])
  client.send({ type: 'subscribe', data: { type: 'market_data', channels: ['indices'] } })
  expect((await client.frame('subscribed', 1)).data['rejected']).toMatchObject([{ code: 'UNKNOWN_CHANNEL' }])
  subscribe(client, 'EMPTY')
  expect((await client.closing()).code).toBe(1000)
})

test('npm run replay prints a line for each trade, and says what it cannot replay', async () => {
  const { key } = await api.login(['stream:read'])
  const order = ['--symbols', 'MANY,NOWHERE', '--from', isoOf(BEGIN), '--url', host.replace('ws', 'http')]
  const { code, stdout, stderr } = await run(order, { QUOTEWIRE_KEY: key })
  const lines = stdout.trimEnd().split('\n')
  expect([code, lines.length, stderr]).toEqual([0, 12_345, 'NOWHERE: No trade of NOWHERE is stored\n'])
  expect(JSON.parse(lines.at(-1)!)).toMatchObject({
    type: 'trade',
    data: { symbol: 'MANY', trade: { tradeId: '12344' } }
  })
})

test.each([
  ['--symbols is missing', ['--from', '2026-01-01'], 2],
  ['--from is missing', ['--symbols', 'AAPL'], 2],
  ['No API key', ['--symbols', 'AAPL', '--from', '2026-01-01', '--url', 'http://127.0.0.1:9'], 3],
  ['replay is not a date', ['--symbols', 'AAPL', '--from', 'soon', '--key', 'qw_x'], 2],
  ['key is unknown', ['--symbols', 'AAPL', '--from', '2026-01-01', '--key', 'qw_x'], 3]
])('npm run replay says that %s', async (said, args, code) => {
  const given = args.includes('--url') ? args : [...args, '--url', host.replace('ws', 'http')]
  expect(await run(given)).toMatchObject({ code, stdout: '', stderr: expect.stringContaining(said) as string })
})

// A socket that waits for a reader that has gone would hear of the end after half a minute.
test('quotewire replay is the same program, and ends with whoever reads it', { timeout: 20_000 }, async () => {
  const { key } = await api.login(['stream:read'])
  const env = { ...BARE_ENV, QUOTEWIRE_URL: host.replace('ws', 'http'), QUOTEWIRE_KEY: key }
  const play = `${process.execPath} bin/quotewire.mjs replay`
  const script = `set -o pipefail; ${play} MANY --from ${isoOf(BEGIN)} | head -n 2; ${play} NOWHERE --from ${isoOf(BEGIN)}; echo $?`
  const child = spawn('bash', ['--norc', '-c', script], { env })
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')])
  const lines = stdout.trimEnd().split('\n')
  expect(lines.slice(0, 2).map((line) => (JSON.parse(line) as Frame).type)).toEqual(['trade', 'trade'])
  expect([lines[2], stderr]).toEqual(['4', 'NOWHERE: No trade of NOWHERE is stored\n'])
})

async function run(args: readonly string[], env: Record<string, string> = {}) {
  const child = spawn(process.execPath, ['src/commands/replay.ts', ...args], {
    env: { ...BARE_ENV, ...env }
  })
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')])
  return { code: child.exitCode, stdout, stderr }
}

test('a replay whose store fails ends with a code that says to come again, and the server goes on', async () => {
  const other = await startWorld()
  onTestFinished(() => other.close())
  const server = await other.startApi()
  const { token: anns } = await server.login(['stream:read'])
  const address = (await server.app.listen({ host: '127.0.0.1', port: 0 })).replace('http', 'ws')
  const elsewhere = createDatabase({ url: other.databaseUrl })
  onTestFinished(() => elsewhere.close())
  await inCopyTransaction(elsewhere.copyPool, (tx) => instrumentIds(tx, ['AAPL']))
  await elsewhere.sql`alter table ticks rename to lost`
  const client = await open(new LiveClient(`${address}${PATH}?replay=2026-01-01&token=${anns}`))
  subscribe(client, 'AAPL')
  expect((await client.closing()).code).toBe(4009)
  expect(client.ofType('error')).toMatchObject([{ data: { code: 'STORE_UNREADABLE' } }])
  expect((await server.get('/api/v1/auth/me', anns)).status).toBe(200)
})

test('places of replays are for those who have said who they are: nobody else keeps a user from one', async () => {
  const request = { from: BEGIN, until: BEGIN + MINUTE_MS, speed: 1 }
  const strangers = await Promise.all(Array.from({ length: 64 }, () => api.app.playbacks.open(request)))
  onTestFinished(async () => {
    await Promise.all(strangers.map((stranger) => api.app.playbacks.close(stranger)))
  })
  const connect = (as: string) => new LiveClient(`${host}${PATH}?replay=${isoOf(BEGIN)}&token=${as}`)
  const users = await Promise.all(Array.from({ length: 17 }, () => api.login(['stream:read'])))
  const [last, ...others] = users.map((user) => user.token)
  const clients = await Promise.all(others.flatMap((as) => [1, 2, 3, 4].map(() => open(connect(as)))))
  onTestFinished(() => clients.forEach(({ socket }) => socket.terminate()))
  const refused = connect(last!)
  expect((await refused.closing()).code).toBe(4010)
  expect(refused.ofType('error')).toMatchObject([{ data: { code: 'TOO_MANY_REPLAYS' } }])
  clients[0]!.socket.close()
  await clients[0]!.closing()
  const first = async (client: LiveClient) => {
    await client.until(() => client.frames.length > 0)
    return client.frames[0]!.type
  }
  await expect.poll(() => first(connect(last!))).toBe('welcome')
})

test('who follows the market live and replays, has both', async () => {
  const live = await open(new LiveClient(`${host}${PATH}?token=${token}`))
  subscribe(live, 'AAPL')
  await live.frame('subscribed')
  const client = await play({ speed: 'max' })
  subscribe(client, 'AAPL')
  await client.closing()
  live.send({ type: 'ping' })
  await live.frame('pong')
  expect(played(live)).toEqual([])
  expect(live.closed).toBeUndefined()
})

test.each([
  ['replay', { replay: 'yesterday' }],
  ['replay', { replay: '2999-01-01' }],
  ['until', { until: '2999-01-01' }],
  ['until', { until: isoOf(BEGIN) }],
  ['speed', { speed: 'fast' }],
  ['speed', { speed: '0' }],
  ['speed', { replay: '', speed: '2' }]
])('a replay that cannot be is refused before the connection, naming %s (%j)', async (field, query) => {
  const asked = new URLSearchParams({ replay: isoOf(BEGIN), ...query } as Record<string, string>)
  if (asked.get('replay') === '') asked.delete('replay')
  const { socket } = new LiveClient(`${host}${PATH}?${asked.toString()}`)
  const [, response] = (await once(socket, 'unexpected-response')) as [unknown, IncomingMessage]
  const { error } = JSON.parse(await text(response)) as ErrorBody
  expect(response.statusCode).toBe(400)
  expect(error.details).toMatchObject({ field: expect.stringContaining(field) as string })
})
