import { once } from 'node:events'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { createDatabase } from '../../db/client.ts'
import { inCopyTransaction } from '../../db/copy.ts'
import { migrate } from '../../db/migrate.ts'

/** A proxy that takes connections although it has no server, and ends them. Counts what it took. */
async function proxy(onConnection: (client: Socket) => void): Promise<{ url: string; taken: () => number }> {
  let taken = 0
  const server = createServer((client) => {
    taken++
    client.on('error', () => undefined)
    onConnection(client)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  const { port } = server.address() as AddressInfo
  return { url: `postgres://user:hidden@127.0.0.1:${port}/x`, taken: () => taken }
}

const HABITS: [string, (client: Socket) => void][] = [
  ['at once', (client) => void client.end()],
  ['at once, by a reset', (client) => void client.resetAndDestroy()],
  ['when it is spoken to', (client) => void client.once('data', () => client.end())],
  [
    'after the first words of a handshake',
    (client) => void client.once('data', () => client.end(Buffer.from('520000000c0000000500000000', 'hex')))
  ]
]

test.each(HABITS)(
  'a proxy that ends connections %s fails every statement soon, and is not stormed',
  async (_, habit) => {
    const { url, taken } = await proxy(habit)
    const database = createDatabase({ url })
    onTestFinished(() => database.close())
    const startedAt = performance.now()
    const statements = Array.from({ length: 40 }, () => database.ping())
    const copies = Array.from({ length: 10 }, () => inCopyTransaction(database.copyPool, (tx) => tx.query('select 1')))
    const outcomes = await Promise.allSettled([...statements, ...copies])
    expect(outcomes.map(({ status }) => status)).toEqual(Array(50).fill('rejected'))
    expect(performance.now() - startedAt).toBeLessThan(5000)
    expect(taken()).toBeLessThanOrEqual(50)
  }
)

test('a deployment behind such a proxy is told so, instead of waiting', async () => {
  const { url } = await proxy((client) => void client.end())
  await expect(migrate(url)).rejects.toThrow(/CONNECTION_CLOSED/)
})
