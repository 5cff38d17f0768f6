import { cp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { startRedis, type EmbeddedRedis } from '../../src/embedded/redis.ts'
import { openDoor as open, type Door } from '../support/door.ts'
import { privateFolder, PROGRAMS_HOME } from '../support/folders.ts'

/** A door of one test alone. */
export async function openDoor(): Promise<Door> {
  const door = await open()
  onTestFinished(() => door.close())
  return door
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
