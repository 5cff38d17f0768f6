import { createClient, type Client } from '../client/client.ts'
import type { Options } from './command.ts'
import { findServer, keyOf, type ServerOptions } from './server.ts'

/** A client's and a server's clock that differ by less are taken for the same: the server tells whole seconds. */
const TOLERATED_MS = 3000

/** Of every command that asks the server. */
export const SERVER_OPTIONS = {
  url: { type: 'text', description: 'Address of the server' },
  key: { type: 'text', description: 'API key; what is typed here others of this machine can read' }
} as const satisfies Options

/** A client of the server that is told or found. Rejects where no server, or no key for it, is known. */
export async function connect(options: ServerOptions): Promise<Client> {
  const server = await findServer(options)
  return createClient({ url: server.url, key: keyOf(server) })
}

/** What time it is, epoch milliseconds, by the server's clock: ages by a wrong clock of this machine would be wrong. */
export async function serverNow(client: Client): Promise<() => number> {
  const asked = Date.now()
  const answer = await client.fetch('/api/health/live')
  await answer.body?.cancel()
  const told = Date.parse(answer.headers.get('date') ?? '')
  const offset = told - (asked + Date.now()) / 2
  return Math.abs(offset) > TOLERATED_MS ? () => Date.now() + offset : Date.now
}
