import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest'
import { WebSocket } from 'ws'
import { startWorld, type Api, type ApiWorld } from '../support/api.ts'

/** So many symbols of so many characters are nearly the longest frame, and an answer three times as long. */
const SYMBOLS = 3500
const CHARACTERS = 64
/** Far more than the 64 that may wait. */
const REQUESTS = 200
const UNTIL_IT_ENDS = { timeout: 10_000, interval: 20 }

let world: ApiWorld
let api: Api
let address: string
let token: string

beforeAll(async () => {
  world = await startWorld()
  api = await world.startApi({ SOCKET_IO: 'true', WS_FRAMES_PER_SECOND: '100000' })
  await api.app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = api.app.server.address() as AddressInfo
  address = `ws://127.0.0.1:${port}/socket.io/?EIO=4&transport=websocket`
  token = (await api.login(['stream:read'])).token
})
afterAll(() => world.close())

/** A connected client in Socket.IO's own words, which can stop reading. */
async function rawClient(): Promise<{ socket: WebSocket; told: string[] }> {
  const socket = new WebSocket(address)
  onTestFinished(() => socket.terminate())
  const told: string[] = []
  socket.on('message', (data: Buffer) => told.push(data.toString()))
  socket.on('error', () => undefined)
  await once(socket, 'open')
  socket.send(`40${JSON.stringify({ token })}`)
  await expect.poll(() => told.some((packet) => packet.startsWith('40'))).toBe(true)
  return { socket, told }
}

/** A request whose answer is long; every symbol of it is refused. */
function longRequest(id: number): string {
  const symbols = Array.from({ length: SYMBOLS }, (_, at) => `?${at}`.padEnd(CHARACTERS, '?'))
  return `42${id}${JSON.stringify(['subscribe', symbols])}`
}

async function metric(name: string): Promise<number> {
  const { body } = await api.get('/metrics')
  return [...body.matchAll(new RegExp(`^quotewire_socketio_${name}(?:\\{.*\\})? (\\d+)$`, 'gm'))].reduce(
    (sum, [, count]) => sum + Number(count),
    0
  )
}

describe('a client that reads nothing', () => {
  test('and goes on asking gets few answers made for it, is told why it is closed, and is', async () => {
    const before = await metric('messages_total')
    const { socket, told } = await rawClient()
    socket.pause()
    for (let id = 0; id < REQUESTS; id++) socket.send(longRequest(id))
    await vi.waitFor(() => expect(socket.bufferedAmount).toBe(0), UNTIL_IT_ENDS)
    // Its connection takes some of them: as much as the buffers of the kernel hold.
    expect((await metric('messages_total')) - before).toBeLessThan(64)

    socket.resume()
    await once(socket, 'close')
    expect(told.at(-1)).toContain('TOO_MANY_FRAMES')
    expect(told.filter((packet) => packet.startsWith('43')).length).toBeLessThan(64)
    await vi.waitFor(async () => expect(await metric('connections')).toBe(0), UNTIL_IT_ENDS)
  })

  test('and sends what is no request is closed with what waits for it', async () => {
    const { socket } = await rawClient()
    socket.pause()
    for (let id = 0; id < 40; id++) socket.send(longRequest(id))
    for (let sent = 0; sent < 1000; sent++) socket.send('42["hello"]')
    await vi.waitFor(async () => expect(await metric('connections')).toBe(0), UNTIL_IT_ENDS)
  })
})
