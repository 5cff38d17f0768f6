import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'

/** What happens to bytes on their way through connections that are open. */
export type Manner = 'pass' | 'swallow answers' | 'swallow requests' | 'hold requests'

type Passage = { readonly client: Socket; readonly server: Socket; manner: Manner; readonly held: Buffer[] }

/** A fixed address in front of a server, where connections can be lost in every way that networks know. */
export type Door = {
  readonly port: number
  moveTo(port: number): void
  /** Concerns connections that are open now, not later ones. */
  treat(manner: Manner): void
  /** How many bytes clients sent since then through connections that are open. */
  requestedBytes(): number
  /** Ends open connections on both sides, and lets in as many as want to. */
  cut(): void
  /** Ends open connections on the side of the clients only; returns what brings the server the requests that were held. */
  cutClients(): () => Promise<void>
  close(): void
}

/** Stays open until it is closed. */
export async function openDoor(): Promise<Door> {
  let behind = 0
  let requested = 0
  const passages = new Set<Passage>()
  /** Their clients are gone. */
  const late = new Set<Socket>()
  const door = createServer((client) => {
    const server = connect(behind, '127.0.0.1')
    const passage: Passage = { client, server, manner: 'pass', held: [] }
    passages.add(passage)
    client.on('data', (bytes: Buffer) => {
      requested += bytes.length
      if (passage.manner === 'hold requests') passage.held.push(bytes)
      else if (passage.manner !== 'swallow requests') server.write(bytes)
    })
    server.on('data', (bytes: Buffer) => {
      if (passage.manner !== 'swallow answers') client.write(bytes)
    })
    client.on('close', () => {
      if (passages.delete(passage)) server.destroy()
    })
    server.on('close', () => {
      if (passages.delete(passage)) client.destroy()
    })
    for (const socket of [client, server]) socket.on('error', () => undefined)
  })
  door.listen(0, '127.0.0.1')
  await once(door, 'listening')
  const cut = () => {
    for (const { client, server } of passages) {
      client.destroy()
      server.destroy()
    }
  }
  return {
    port: (door.address() as AddressInfo).port,
    moveTo: (port) => (behind = port),
    treat(manner) {
      requested = 0
      for (const passage of passages) passage.manner = manner
    },
    requestedBytes: () => requested,
    cut,
    cutClients() {
      const left = [...passages]
      passages.clear()
      for (const { client } of left) client.destroy()
      for (const { server } of left) late.add(server)
      return async () => {
        for (const { server, held } of left) {
          if (server.destroyed) continue
          const gone = once(server, 'close')
          server.end(Buffer.concat(held))
          await gone
        }
      }
    },
    close() {
      cut()
      for (const server of late) server.destroy()
      door.close()
    }
  }
}
