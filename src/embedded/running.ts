import { rename, rm, writeFile } from 'node:fs/promises'
import { holderOf } from './home-lock.ts'
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

/** What `npm start` published, unless its process is gone: that its number is in use again proves nothing. */
export async function findRunning(home: Home): Promise<Running | undefined> {
  const holder = await holderOf(home.root)
  const published = holder === undefined ? undefined : await readSecret(home.running)
  if (published === undefined) return undefined
  const running = JSON.parse(published) as Running
  return running.pid === holder ? running : undefined
}
