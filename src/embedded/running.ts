import { rename, rm, writeFile } from 'node:fs/promises'
import type { Home } from './home.ts'
import { readSecret } from './secret.ts'

/** What a running `npm start` tells other commands of the same home. */
export type Running = { pid: number; url: string; databaseUrl: string; redisUrl: string; sandboxUrl?: string }

/** Publishes how to reach what runs; only the user may read it, for the addresses carry passwords. */
export async function publishRunning(home: Home, running: Running): Promise<void> {
  const draft = `${home.running}.${process.pid}`
  await writeFile(draft, JSON.stringify(running, undefined, 2), { mode: 0o600 })
  await rename(draft, home.running)
}

export async function withdrawRunning(home: Home): Promise<void> {
  await rm(home.running, { force: true })
}

/** What `npm start` published, unless its process is gone. */
export async function findRunning(home: Home): Promise<Running | undefined> {
  const published = await readSecret(home.running)
  if (published === undefined) return undefined
  const running = JSON.parse(published) as Running
  return isAlive(running.pid) ? running : undefined
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
