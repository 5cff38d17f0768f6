import { once } from 'node:events'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Bar, BarSeries } from '../../src/market/bar.ts'
import type { BarRequest } from '../../src/market/bar.ts'
import { startWorld, type Api, type ApiWorld } from '../support/api.ts'

const DAY_MS = 86_400_000
const MINUTE_MS = 60_000

let world: ApiWorld
let api: Api
let token: string
let port: number
let served: Partial<BarSeries>

beforeAll(async () => {
  world = await startWorld()
  api = await world.startApi()
  token = (await api.login()).token
  port = Number(new URL(await api.app.listen({ host: '127.0.0.1', port: 0 })).port)
  api.vendor.bars = async ({ symbol, interval, adjusted, from, to }: BarRequest) => {
    const provenance = { source: 'yahoo', feed: 'composite', receivedAt: new Date().toISOString() } as const
    const bars = barsBetween(from, to, interval === '1m' ? MINUTE_MS : DAY_MS)
    return { symbol, interval, adjusted, bars, ...served, provenance: { ...provenance, state: 'live', attempts: [] } }
  }
})
beforeEach(() => {
  served = {}
})
afterAll(() => world.close())

function barsBetween(from: number, to: number, step: number): Bar[] {
  const bars: Bar[] = []
  for (let at = from; at < Math.min(to, Date.now()); at += step) {
    const start = new Date(at).toISOString()
    const price = 100 + (bars.length % 7) / 3
    bars.push({
      start: step === DAY_MS ? start.slice(0, 10) : start,
      open: price,
      high: price,
      low: price,
      close: price
    })
  }
  return bars
}

const get = (path: string) => api.get(`/api/v1/market/historical/${path}`, token)
const raw = (path: string) =>
  `GET /api/v1/market/historical/${path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\nAuthorization: Bearer ${token}\r\n\r\n`

describe('history as rows', () => {
  test('of sixteen years is whole, in order, and without anything that is no number', async () => {
    const range = `from=${new Date(Date.now() - 16 * 365.25 * DAY_MS).toISOString().slice(0, 10)}`
    const { body } = await get(`BTC-USD?${range}&format=csv`)
    const [head, ...rows] = body.trimEnd().split('\n')
    expect(head).toBe('start,open,high,low,close,volume,complete,symbol')
    expect(rows.length).toBeGreaterThan(5800)
    const starts = rows.map((row) => row.split(',')[0]!)
    expect(starts).toEqual(starts.toSorted())
    for (const row of rows) expect(row).toMatch(/^\d{4}-\d{2}-\d{2}(,\d+(\.\d+)?){4},,(false)?,BTC-USD$/)

    const lines = (await get(`BTC-USD?${range}&format=ndjson`)).body.trimEnd().split('\n')
    expect(lines).toHaveLength(rows.length)
    expect(JSON.parse(lines.at(-1)!)).not.toHaveProperty('volume')
  })

  test('holds no formula, and no header that a vendor wrote into its words', async () => {
    const [bar] = barsBetween(Date.now() - DAY_MS, Date.now(), DAY_MS)
    const starts = ['+cmd|"/C calc"!A0', '-1+1', '1,2', '1"2']
    served = {
      bars: starts.map((start) => ({ ...bar!, start, volume: Infinity })),
      currency: 'Ü\r\nX-Evil: 1💩\ud800'
    }
    const csv = await get('MSFT?period=5d&format=csv')
    expect(csv.status).toBe(200)
    expect(csv.headers).not.toHaveProperty('x-evil')
    expect(csv.headers['quotewire-currency']).toBe('%C3%9C%0D%0AX-Evil: 1%F0%9F%92%A9%EF%BF%BD')
    const cells = csv.body.trimEnd().split('\n').slice(1)
    expect(cells.length).toBeGreaterThan(0)
    for (const cell of cells) expect(cell).toMatch(/^(\w|"')/)
    expect(csv.body).toContain(`"'+cmd|""/C calc""!A0",`)
    expect(csv.body).not.toMatch(/Infinity|NaN|null/)
    await api.core.recorder.flush() // which says now what Postgres refuses of it
  })
})

describe('a client of a long history', () => {
  const month = 'BTC-USD?period=1mo&interval=1m&format=csv' // of minutes, around the clock: some two megabytes

  test('that reads slowly gets all of it', async () => {
    const socket = connect(port, '127.0.0.1').pause()
    socket.write(raw(month))
    await once(socket, 'readable')
    const others = await get('BTC-USD?period=5d')
    expect(others.status).toBe(200)
    const answer = await text(socket)
    const expected = (await get(month)).body
    expect(expected.length).toBeGreaterThan(2_000_000)
    expect(answer.match(/^\d{4}-[^\n]*$/gm)).toEqual(expected.match(/^\d{4}-[^\n]*$/gm))
  })

  test('that goes away in the middle of it leaves nothing behind', async () => {
    api.logged.length = 0
    const sockets = Array.from({ length: 20 }, () => connect(port, '127.0.0.1').pause())
    for (const socket of sockets) socket.write(raw(month))
    await Promise.all(sockets.map((socket) => once(socket, 'readable')))
    for (const socket of sockets) socket.resetAndDestroy()
    const connections = () => new Promise((resolve) => api.app.server.getConnections((_, count) => resolve(count)))
    await expect.poll(connections).toBe(0)
    expect((await get('BTC-USD?period=5d')).status).toBe(200)
    expect(api.logged.filter(({ level, err }) => Number(level) >= 40 && !isLateRedis(err))).toEqual([])
  })
})

/** On a busy machine answers of Redis come late, which is told and has nothing to do with clients. */
function isLateRedis(error: unknown): boolean {
  return (error as Error | undefined)?.message === 'Command timed out'
}
