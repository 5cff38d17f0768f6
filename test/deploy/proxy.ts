import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { mkdtemp, rm } from 'node:fs/promises'
import { inject, vi } from 'vitest'
import { freePort } from '../../src/embedded/server-process.ts'

const UNTIL_IT_LISTENS = { timeout: 10_000, interval: 50 }

export type Proxy = { readonly address: string; close(): Promise<void> }

/** Caddy with deploy/Caddyfile as it is, but that it may ask a name server of the test. */
export async function startProxy(env: Record<string, string>, nameServer?: string): Promise<Proxy> {
  const folder = await mkdtemp(join(inject('runFolder'), 'proxy-'))
  const config = join(folder, 'Caddyfile')
  const text = readFileSync('deploy/Caddyfile', 'utf8')
  writeFileSync(config, nameServer ? text.replace('refresh 2s', `refresh 100ms\n\t\tresolvers ${nameServer}`) : text)
  const address = `127.0.0.1:${await freePort()}`
  const caddy = spawn('caddy', ['run', '--config', config, '--adapter', 'caddyfile'], {
    stdio: 'ignore',
    env: {
      PATH: process.env.PATH,
      HOME: folder,
      SITE_ADDRESS: `http://${address}`,
      CADDY_ADMIN: `127.0.0.1:${await freePort()}`,
      ...env
    }
  })
  const close = async () => {
    caddy.kill()
    if (caddy.exitCode === null) await once(caddy, 'exit')
    await rm(folder, { recursive: true })
  }
  try {
    await vi.waitFor(() => fetch(`http://${address}/`), UNTIL_IT_LISTENS)
  } catch (error) {
    await close()
    throw error
  }
  return { address, close }
}
