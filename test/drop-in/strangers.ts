import { once } from 'node:events'
import { expect, onTestFinished, test } from 'vitest'
import { WebSocket } from 'ws'
import { MAX_NAMES_PER_FRAME } from '../../src/hub/protocol.ts'
import { msgpackCodec } from '../../src/streams/codec.ts'
import type { Stage } from './stage.ts'

const MAX_GROWTH_KIB = 200_000

/** Whoever means harm, or was written carelessly. */
export function strangers(on: () => Stage): void {
  test('a frame that says that its lists are long takes no memory for them', async () => {
    const headers = { 'content-type': 'application/msgpack' }
    const socket = new WebSocket(`ws://${on().authority}/drop-in/alpaca/v2/iex`, { headers })
    onTestFinished(() => socket.terminate())
    const next = async () => msgpackCodec.decode(((await once(socket, 'message')) as [Buffer])[0])
    expect(await next()).toEqual([{ T: 'success', msg: 'connected' }])
    const before = process.resourceUsage().maxRSS
    // Lists in lists, of thirty million values each.
    socket.send(Buffer.from('dd01c9c380'.repeat(5), 'hex'))
    expect(await next()).toEqual([{ T: 'error', code: 400, msg: 'invalid syntax' }])
    expect(process.resourceUsage().maxRSS - before).toBeLessThan(MAX_GROWTH_KIB)
    socket.send(msgpackCodec.encode({ action: 'auth', key: 'AK', secret: on().key }))
    expect(await next()).toEqual([{ T: 'success', msg: 'authenticated' }])
  })

  test('a frame of more names than others may send holds nobody up, and changes nothing', async () => {
    const many = Array.from({ length: MAX_NAMES_PER_FRAME + 1 }, () => 'AAPL')
    const dialects = [
      {
        path: 'alpaca/v2/iex',
        auth: { action: 'auth', key: 'AK', secret: on().key },
        request: { action: 'subscribe', trades: many },
        answer: { T: 'error', code: 405, msg: 'symbol limit exceeded' }
      },
      {
        path: 'massive/stocks',
        auth: { action: 'auth', params: on().key },
        request: { action: 'subscribe', params: many.map((name) => `T.${name}`).join(',') },
        answer: { ev: 'status', status: 'error', message: 'not authorized' }
      }
    ]
    for (const { path, auth, request, answer } of dialects) {
      const socket = new WebSocket(`ws://${on().authority}/drop-in/${path}`)
      onTestFinished(() => socket.terminate())
      const said: unknown[] = []
      socket.on('message', (data: Buffer) => said.push(...(JSON.parse(data.toString()) as unknown[])))
      await once(socket, 'open')
      for (const frame of [auth, request]) socket.send(JSON.stringify(frame))
      await expect.poll(() => said[2]).toEqual(answer)
    }
  })

  test('the end of all dates is a date like others', async () => {
    const alpaca = '/drop-in/alpaca/v2/stocks/AAPL'
    const massive = '/drop-in/massive'
    for (const path of [
      `${massive}/v3/trades/AAPL?timestamp=9999-12-31`,
      `${massive}/v3/trades/AAPL?timestamp.gt=9999-12-31`,
      `${massive}/v2/aggs/ticker/AAPL/range/1/day/2026-01-05/9999-12-31`,
      `${massive}/v2/aggs/ticker/AAPL/range/1/minute/2026-01-05/9999-12-31`,
      `${alpaca}/bars?timeframe=1Day&start=2026-01-05&end=9999-12-31`,
      `${alpaca}/bars?timeframe=1Day&start=2026-01-05&end=9999-12-31T23:59:59-05:00`,
      `${alpaca}/bars?timeframe=1Min&start=2026-01-05&end=9999-12-31T23:59:59-05:00`,
      `${alpaca}/trades?start=2026-01-05&end=9999-12-31T23:59:59-05:00`,
      `/udf/history?symbol=AAPL&resolution=1D&from=1&to=100000000000`,
      '/api/v1/marketdata/ticks/AAPL?start=2026-01-05&end=9999-12-31'
    ]) {
      expect([path, (await on().api.get(path, on().key)).status]).toEqual([path, 200])
    }
  })
}
