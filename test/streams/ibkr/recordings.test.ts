import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { resolve } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { CALENDARS } from '../../../src/market/calendars.ts'
import { SessionClock } from '../../../src/market/session-clock.ts'
import { ClientReader, framed } from '../../../src/sandbox/streams/tws/framing.ts'
import { twsMapper } from '../../../src/streams/ibkr/mapper.ts'
import { openTws, twsEndpoint, UNREADABLE } from '../../../src/streams/ibkr/port.ts'
import { readMessages, requestFrame, type TwsMessage } from '../../../src/streams/ibkr/wire.ts'
import type { Frame } from '../../../src/streams/mapper.ts'
import { placeReader } from '../../../src/streams/tick-place.ts'

const file = resolve(process.env['RECORDINGS_DIR'] ?? '../shared/recordings', 'ib/ws-stream/tws-frames-2026-04.json')
const LINE = 1001

/** A TWS that greets, and then says what it is told to once market data is asked for. */
async function listening(says: (socket: Socket) => void) {
  const server = createServer((socket) => {
    const reader = new ClientReader()
    let isGreeted = false
    socket.on('error', () => socket.destroy())
    socket.on('data', (bytes) => {
      for (const [kind] of reader.take(bytes) ?? []) {
        if (!isGreeted) socket.write(framed([187, '20260405 16:00:00 EST']))
        isGreeted = true
        if (kind === '71') socket.write(framed([9, 1, 1]))
        if (kind === '1') says(socket)
        if (kind === '49') socket.write(framed([49, 1, 1_775_425_700]))
      }
    })
    onTestFinished(() => void socket.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  const { port } = server.address() as AddressInfo
  const frames: Frame[] = []
  const said: TwsMessage[] = []
  let end: unknown
  let pongs = 0
  const socket = openTws(twsEndpoint({ host: '127.0.0.1', port, clientId: 3 }), {
    opened: () => undefined,
    ponged: () => pongs++,
    received(frame) {
      frames.push(frame)
      said.push(...readMessages(frame))
      const isReady = readMessages(frame).some(({ tell }) => tell === 'ready')
      if (isReady) socket.send(requestFrame({ ask: 'line', id: LINE, conId: 1, symbol: 'AAPL', isDelayed: false }))
    },
    ended: (code) => (end = code)
  })
  onTestFinished(() => socket.drop())
  return { socket, said, frames, ended: () => end, pongs: () => pongs }
}

describe.skipIf(!existsSync(file))('a recorded session (needs recordings)', () => {
  test('comes to the trade that it tells, late as it is, and to nothing else', async () => {
    const recorded = JSON.parse(await readFile(file, 'utf8')) as string[][]
    const { said, frames } = await listening((socket) => socket.write(Buffer.concat(recorded.map(framed))))
    await expect.poll(() => said.some(({ tell }) => tell === 'trade')).toBe(true)
    expect(said.find(({ tell }) => tell === 'line')).toEqual({ tell: 'line', id: LINE, isDelayed: true })
    expect(said.filter(({ tell }) => tell === 'trade')).toEqual([
      { tell: 'trade', symbol: 'AAPL', isDelayed: true, price: 255.45, size: 200 }
    ])
    // The layout of errors of version 201 and later is another one; what it says is lost, and nothing else is.
    expect(said.filter(({ tell }) => tell === 'problem')).not.toEqual([])

    const receivedAt = Date.parse('2026-04-06T15:00:00Z')
    const map = twsMapper({ feed: 'composite', placeOf: placeReader(new SessionClock(CALENDARS).hoursOf) })
    const events = frames.flatMap((frame) => map(frame, { receivedAt, fence: 7, nextSequence: () => 0 }).events)
    expect(events).toEqual([
      {
        type: 'trade',
        data: {
          symbol: 'AAPL',
          timestamp: '2026-04-06T14:45:00.000Z',
          trade: expect.objectContaining({
            price: 255.45,
            size: 200,
            source: 'ibkr',
            feed: 'delayed',
            session: 'regular'
          })
        }
      }
    ])
  })
})

test('sizes of parts of a share, and sides without orders, are told as they are', async () => {
  const { said } = await listening((socket) =>
    socket.write(
      Buffer.concat([
        framed([1, 6, LINE, 1, 189.1, '0.25', 0]),
        framed([2, 6, LINE, 0, '0.25']),
        framed([1, 6, LINE, 2, -1, 0, 0]),
        framed([46, 6, LINE, 48, '189.11;0.3;1732104000123;123456.3;188.9;true']),
        framed([46, 6, LINE, 48, ';0;1732104000124;123456.3;188.9;true']),
        framed([2, 6, 4711, 0, 100])
      ])
    )
  )
  await expect.poll(() => said.some(({ tell }) => tell === 'bbo')).toBe(true)
  expect(said.filter(({ tell }) => tell === 'bbo' || tell === 'trade')).toEqual([
    {
      tell: 'trade',
      symbol: 'AAPL',
      isDelayed: false,
      price: 189.11,
      size: 0.3,
      at: 1_732_104_000_123,
      id: '1732104000123-123456.3'
    },
    { tell: 'bbo', symbol: 'AAPL', isDelayed: false, bid: 189.1, bidSize: 0.25 }
  ])
})

test('a late trade is told once, however its parts come, and the next one at the same price too', async () => {
  const first = [
    framed([58, 1, LINE, 3]),
    framed([46, 6, LINE, 88, '1775425700']),
    framed([1, 6, LINE, 68, 255.45, 200, 0]),
    framed([2, 6, LINE, 74, 312_894]),
    framed([2, 6, LINE, 74, 312_895])
  ]
  const next = [framed([46, 6, LINE, 88, '1775425701']), framed([2, 6, LINE, 74, 313_094])]
  let tws: Socket | undefined
  let greeted = 0
  const apart = (parts: readonly Buffer[]) => {
    for (const [at, part] of parts.entries()) setTimeout(() => tws!.write(part), 20 * at)
  }
  const { said } = await listening((socket) => {
    tws = socket
    greeted = socket.bytesWritten
    apart(first)
  })
  const trades = () => said.flatMap((message) => (message.tell === 'trade' ? [message.id] : []))
  await expect.poll(trades).toEqual(['late-1775425700000-255.45-200'])
  // A second lies between them: told in one breath they would be one.
  await expect.poll(() => tws!.bytesWritten).toBeGreaterThanOrEqual(greeted + Buffer.concat(first).length)
  apart(next)
  await expect.poll(trades).toEqual(['late-1775425700000-255.45-200', 'late-1775425701000-255.45-200'])
})

test('a TWS that lives says so when it is asked, though it has nothing to tell', async () => {
  const { socket, said, pongs } = await listening(() => undefined)
  await expect.poll(() => said.some(({ tell }) => tell === 'ready')).toBe(true)
  socket.ping()
  await expect.poll(pongs).toBe(1)
})

test.each([
  ['an error whose order is no JSON', framed([4, 2, -1, 399, 'Order', '{'])],
  ['steps of prices of less than none', framed([93, 26, -1])]
])('%s ends the connection and not the process', async (_, bytes) => {
  const { ended } = await listening((socket) => socket.write(bytes))
  await expect.poll(ended).toBe(UNREADABLE)
})

test('messages of unknown kinds, and such that are too short or too long, cost nothing else', async () => {
  const { said, ended } = await listening((socket) =>
    socket.write(
      Buffer.concat([
        framed([9999, 1, 2, 3]),
        framed([1, 6]),
        framed([2, 6, LINE, 3, 5, 'and', 'more']),
        framed(['nonsense']),
        framed([1, 6, LINE, 2, 189.2, 5, 0])
      ])
    )
  )
  await expect.poll(() => said.findLast(({ tell }) => tell === 'bbo')).toMatchObject({ ask: 189.2 })
  expect(ended()).toBeUndefined()
  expect(said.filter(({ tell }) => tell === 'problem').length).toBeGreaterThanOrEqual(3)
})
