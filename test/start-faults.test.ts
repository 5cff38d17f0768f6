import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { createServer as createHttpServer } from 'node:http'
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { privateFolder } from './support/folders.ts'
import { pidOf, processesIn } from './support/processes.ts'
import { testDatabase, testRedis } from './support/services.ts'
import { freshHome, startSystem } from './support/system.ts'

/** Here other tests use the same cores. */
const UNTIL_IT_IS_BACK = { timeout: 30_000, interval: 100 }

async function listen(server: Server): Promise<string> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

describe.skipIf(process.platform !== 'linux')('npm start (processes are looked up in /proc: Linux only)', () => {
  test('says what is wrong with QUOTEWIRE_HOME, in a sentence', { timeout: 30_000 }, async () => {
    const file = join(await privateFolder(), 'file')
    await writeFile(file, '')
    for (const home of [file, join(file, 'below'), '/proc/quotewire/below']) {
      const system = startSystem(home)
      expect(await system.exited).toBe(1)
      expect(system.output()).toMatch(/QUOTEWIRE_HOME is \S+, which cannot be written: [^.]+\. Set it to a folder/)
      expect(system.output()).not.toContain('    at ')
    }
  })

  test(
    'says which vendors of the live market cannot be reached, and that other machines reach it; stops at once at the second Ctrl-C',
    { timeout: 60_000 },
    async () => {
      const [database, redis] = await Promise.all([testDatabase(), testRedis()])
      const gone = createServer()
      const address = await listen(gone)
      gone.close()
      const held: Socket[] = []
      const mute = createServer((client) => void held.push(client.on('error', () => undefined)))
      const well = createHttpServer((_, response) => void response.writeHead(404).end())
      const home = await freshHome()
      const system = startSystem(home, {
        MARKET: 'live',
        HOST: '0.0.0.0',
        DATABASE_URL: database.url,
        REDIS_URL: redis.url,
        YAHOO_BASE_URL: address,
        FINANCIAL_MODELING_PREP_API_KEY: 'key',
        FMP_BASE_URL: await listen(mute),
        TIINGO_API_KEY: 'key',
        TIINGO_BASE_URL: await listen(well)
      })
      onTestFinished(async () => {
        for (const client of held) client.destroy()
        await Promise.all([database.close(), redis.close()])
      })
      await system.ready()
      expect(system.output()).toContain('HOST is 0.0.0.0: other machines reach the API, unencrypted')
      const told = () => /^Vendors .*$/m.exec(system.output())?.[0]
      await expect
        .poll(told, UNTIL_IT_IS_BACK)
        .toBe('Vendors that cannot be reached: yahoo (ECONNREFUSED), fmp (no answer within 3 s)')
      const start = pidOf(home, 'src/start.ts')
      process.kill(start, 'SIGINT')
      process.kill(start, 'SIGTERM')
      expect(await system.exited).toBe(130)
      await vi.waitFor(() => expect(processesIn(home)).toEqual([]), UNTIL_IT_IS_BACK)
    }
  )

  test.each([
    ['takes connections and says nothing', () => undefined, 'no answer'],
    [
      'ends connections at once, like a proxy without a server',
      (client: Socket) => client.end(),
      'connections are taken and ended, as by a proxy without a server'
    ]
  ])('does not wait for ever for a database that %s', { timeout: 60_000 }, async (_name, onConnection, reason) => {
    const strange = createServer((client) => {
      client.on('error', () => undefined)
      client.once('data', () => onConnection(client))
    })
    const { port } = new URL(await listen(strange))
    const system = startSystem(await freshHome(), { DATABASE_URL: `postgres://user:hidden@127.0.0.1:${port}/x` })
    expect(await system.exited).toBe(1)
    expect(system.output()).toContain(`The service of DATABASE_URL cannot be used: ${reason}`)
    expect(system.output()).not.toContain('hidden')
  })
})
