import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { WebSocketServer } from 'ws'
import { FeedDrills } from '../../src/demand/feed-drills.ts'
import { openSocket } from '../../src/streams/socket.ts'
import { DrilledSockets } from '../../workers/ingest/drilled-sockets.ts'
import { testRedis } from '../support/services.ts'

test('a drill makes connections mute, cuts them and keeps new ones away, and ends', async () => {
  const own = await testRedis()
  onTestFinished(() => own.close())
  const vendor = new WebSocketServer({ host: '127.0.0.1', port: 0 })
  onTestFinished(() => vendor.close())
  await once(vendor, 'listening')
  vendor.on('connection', (socket) => {
    const ticking = setInterval(() => socket.send('tick'), 20)
    socket.on('close', () => clearInterval(ticking))
  })
  const drills = new FeedDrills(own.redis)
  const log: (string | undefined)[] = []
  const warn = ({ how }: { how?: string }) => void log.push(how)
  const sockets = new DrilledSockets({ vendor: 'massive', drills, open: openSocket, log: { warn } as never })
  onTestFinished(() => sockets.close())

  function connect() {
    const heard = { ticks: 0, end: '' }
    const url = `ws://127.0.0.1:${(vendor.address() as AddressInfo).port}`
    const socket = sockets.open(
      { url, headers: {} },
      {
        opened: () => undefined,
        received: () => void heard.ticks++,
        ponged: () => undefined,
        ended: (code, reason) => void (heard.end = `${code} ${reason}`)
      }
    )
    onTestFinished(() => socket.drop())
    return heard
  }

  const first = connect()
  await expect.poll(() => first.ticks).toBeGreaterThan(2)
  await drills.begin({ feed: 'alpaca', how: 'down', seconds: 60 })
  await drills.begin({ feed: 'massive', how: 'mute', seconds: 60 })
  await expect.poll(() => log).toEqual(['mute'])
  const before = first.ticks
  const [socket] = vendor.clients
  await new Promise<void>((resolve) => socket!.send('one more', () => resolve()))
  await drills.begin({ feed: 'massive', how: 'down', seconds: 60 })
  await expect.poll(() => first.end).toBe('1006 cut on purpose, by a drill')
  expect(first.ticks).toBe(before)
  const second = connect()
  await expect.poll(() => second.end).toContain('by a drill')
  await expect.poll(() => vendor.clients.size).toBe(0)

  expect(await drills.end('massive')).toBe(true)
  await expect.poll(() => log).toEqual(['mute', 'down', undefined])
  const third = connect()
  await expect.poll(() => third.ticks).toBeGreaterThan(2)
})
