import { once } from 'node:events'
import { cp, rm } from 'node:fs/promises'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { startRedis, type EmbeddedRedis } from '../../src/embedded/redis.ts'
import { privateFolder, PROGRAMS_HOME } from '../support/folders.ts'

/** What happens to bytes on their way through connections that are open. */
export type Manner = 'pass' | 'swallow answers' | 'swallow requests' | 'hold requests'

type Passage = { readonly client: Socket; readonly server: Socket; manner: Manner; readonly held: Buffer[] }

/** A fixed address in front of a Redis, where connections can be lost in every way that networks know. */
export type Door = {
  readonly port: number
  moveTo(port: number): void
  /** Concerns connections that are open now, not later ones. */
  treat(manner: Manner): void
  /** How many bytes clients sent since then through connections that are open. */
  requestedBytes(): number
  /** Ends open connections on both sides, and lets in as many as want to. */
  cut(): void
  /** Ends open connections on the side of the clients only; returns what brings Redis the requests that were held. */
  cutClients(): () => Promise<void>
}

export async function openDoor(): Promise<Door> {
  let behind = 0
  let requested = 0
  const passages = new Set<Passage>()
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
  onTestFinished(() => {
    cut()
    door.close()
  })
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
      onTestFinished(() => {
        for (const { server } of left) server.destroy()
      })
      return async () => {
        for (const { server, held } of left) {
          if (server.destroyed) continue
          const gone = once(server, 'close')
          server.end(Buffer.concat(held))
          await gone
        }
      }
    }
  }
}

/** The address of a server as it is seen through the door. */
export function throughDoor(door: Door, serverUrl: string): string {
  const url = new URL(serverUrl)
  door.moveTo(Number(url.port))
  url.port = String(door.port)
  return url.href
}

export type PrivateRedis = {
  readonly door: Door
  /** Leads through the door, and stays the same over restarts. */
  readonly url: string
  /** Leads to the server that runs now. */
  directUrl(): string
  start(): Promise<void>
  stop(): Promise<void>
  /** kill -9 */
  kill(): Promise<void>
  /** Stands still: connections stay, nothing is answered. */
  freeze(): void
  thaw(): void
  /** Deletes what a stopped server would find again. */
  wipe(): Promise<void>
  /** Copies what a stopped server will find again, and returns what puts it back. */
  copy(): Promise<() => Promise<void>>
}

/** A Redis of one test alone, which keeps its data over restarts. */
export async function privateRedis(): Promise<PrivateRedis> {
  const directory = join(await privateFolder(), 'redis')
  const data = join(directory, 'data')
  const door = await openDoor()
  const launch = () => startRedis({ home: PROGRAMS_HOME, directory })
  let server: EmbeddedRedis = await launch()
  onTestFinished(() => server.stop())
  const url = throughDoor(door, server.url)
  return {
    door,
    url,
    directUrl: () => server.url,
    async start() {
      server = await launch()
      door.moveTo(Number(new URL(server.url).port))
    },
    stop: () => server.stop(),
    async kill() {
      server.kill()
      await server.exited
    },
    freeze: () => void process.kill(server.pid, 'SIGSTOP'),
    thaw: () => void process.kill(server.pid, 'SIGCONT'),
    wipe: () => rm(data, { recursive: true }),
    async copy() {
      await cp(data, join(directory, 'copy'), { recursive: true })
      return async () => {
        await rm(data, { recursive: true })
        await cp(join(directory, 'copy'), data, { recursive: true })
      }
    }
  }
}
