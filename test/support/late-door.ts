import { once } from 'node:events'
import { connect, createServer, type AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'

/** A way to a server (redis://…) through which an answer can come late; answers behind it on its connection wait too. */
export async function lateDoor(target: string) {
  const url = new URL(target)
  const port = Number(url.port)
  let isDue = false
  let lateFor = ''
  let lateMs = 0
  const door = createServer((client) => {
    const server = connect(port, '127.0.0.1')
    let passesAt = 0
    client.on('data', (bytes: Buffer) => {
      if (isDue && bytes.toString('latin1').toLowerCase().includes(lateFor)) {
        isDue = false
        passesAt = performance.now() + lateMs
      }
      server.write(bytes)
    })
    server.on('data', (bytes: Buffer) => {
      const waitMs = passesAt - performance.now()
      if (waitMs > 0) setTimeout(() => client.write(bytes), waitMs)
      else client.write(bytes)
    })
    for (const [socket, other] of [
      [client, server],
      [server, client]
    ] as const) {
      socket.on('error', () => undefined)
      socket.on('close', () => other.destroy())
    }
    onTestFinished(() => void client.destroy())
  })
  door.listen(0, '127.0.0.1')
  await once(door, 'listening')
  onTestFinished(() => void door.close())
  url.port = String((door.address() as AddressInfo).port)
  return {
    url: url.href,
    /** The first answer from now on to a request that holds certain text, in whatever case, comes late. */
    beLate(text: string, byMs: number) {
      isDue = true
      lateFor = text.toLowerCase()
      lateMs = byMs
    },
    /** Whether such a request came. */
    wasLate: () => lateFor !== '' && !isDue
  }
}
