import { once } from 'node:events'
import { readdir, readFile } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { Quote } from '../src/market/quote.ts'
import { hasProgram, runProgram } from './deploy/programs.ts'
import { LiveClient } from './support/live-client.ts'
import { pidOf, processesIn } from './support/processes.ts'
import { testDatabase, testRedis } from './support/services.ts'
import { freshHome, quote, startSystem } from './support/system.ts'

/** Five on a machine of its own; where others use the same cores, at least less than the first start took there. */
const SECOND_START_MS = 10_000

describe.skipIf(process.platform !== 'linux')('npm start (processes are looked up in /proc: Linux only)', () => {
  test(
    'gives a newcomer a quote, and the same key and data after a restart and after kill -9',
    { timeout: 120_000 },
    async () => {
      const home = await freshHome()
      const beganAt = Date.now()
      const first = startSystem(home)
      const { url, key } = await first.ready()
      const firstStartMs = Date.now() - beganAt
      expect(await quote(url, key)).toMatchObject({ status: 200, body: { symbol: 'AAPL', price: expect.any(Number) } })

      const client = new LiveClient(`${url.replace('http', 'ws')}/api/v1/market/ws/stock-quotes`, [], {
        headers: { authorization: `Bearer ${key}` }
      })
      await client.frame('welcome')
      client.subscribe(['AAPL'])
      const prices = () => client.ofType('quote_update').map(({ data }) => (data['quote'] as Quote).price)
      await client.until(() => prices().length >= 4, 'a price that moves', 15_000)
      expect(new Set(prices()).size).toBeGreaterThanOrEqual(3)
      client.subscribe(['AAPL'], { stream: 'trades' })
      await client.until(() => client.ofType('trade').length >= 2, 'trades', 15_000)
      await client.leave()

      const [, lines] = /Try:\n([\s\S]*)\nCtrl-C/.exec(first.output())!
      if (hasProgram('curl', '--version')) {
        const printed = runProgram('sh', ['-c', lines!], home)
        expect(printed).toContain('"symbol":"AAPL"')
        expect(printed).toMatch(/open,high,low,close/)
        const [, example] = /## Ask it[\s\S]*?```sh\n([\s\S]*?)```/.exec(await readFile('README.md', 'utf8'))!
        const asked = example!.replace(/URL=.*/, `URL=${url}`).replace(/KEY=.*/, `KEY=${key}`)
        expect(runProgram('sh', ['-c', asked], home)).toContain('"symbol":"AAPL"')
      }

      const second = startSystem(home)
      expect(await second.exited).toBe(1)
      expect(second.output()).toContain('already works on')

      first.process.kill('SIGTERM')
      expect(await first.exited).toBe(0)
      expect(processesIn(home)).toEqual([])

      const startedAt = Date.now()
      const third = startSystem(home)
      const again = await third.ready()
      expect(again.key).toBe(key)
      expect((await quote(again.url, key)).status).toBe(200)
      expect(Date.now() - startedAt).toBeLessThan(Math.max(SECOND_START_MS, firstStartMs))

      process.kill(pidOf(home, 'src/start.ts'), 'SIGKILL')
      await third.exited
      const commands = () => processesIn(home).map(({ command }) => command)
      await expect.poll(commands, { timeout: 15_000 }).not.toContainEqual(expect.stringContaining('src/server.ts'))

      const fourth = startSystem(home)
      expect((await quote((await fourth.ready()).url, key)).status).toBe(200)
      fourth.process.kill('SIGINT')
      expect(await fourth.exited).toBe(0)
      expect(processesIn(home)).toEqual([])
    }
  )

  test('leaves nothing behind when it is interrupted while it starts', { timeout: 60_000 }, async () => {
    const home = await freshHome()
    const system = startSystem(home)
    await expect.poll(() => system.output(), { timeout: 20_000 }).toContain('Redis')
    system.process.kill('SIGINT')
    expect(await system.exited).toBe(0)
    expect(processesIn(home)).toEqual([])
  })

  test('starts no service where its own is given', { timeout: 60_000 }, async () => {
    const [home, database, redis] = await Promise.all([freshHome(), testDatabase(), testRedis()])
    onTestFinished(async () => {
      await Promise.all([database.close(), redis.close()])
    })
    const system = startSystem(home, { DATABASE_URL: database.url, REDIS_URL: redis.url })
    const { url, key } = await system.ready()
    expect((await quote(url, key)).status).toBe(200)
    expect((await readdir(join(home, 'sandbox'))).toSorted()).toEqual([
      'first-key',
      'jwt-secret',
      'logs',
      'running.json'
    ])
    expect(await readFile(join(home, 'sandbox', 'logs', 'api.log'), 'utf8')).not.toContain(key)
    system.process.kill('SIGTERM')
    expect(await system.exited).toBe(0)
  })

  test(
    'names the variable: a taken port, a database that is not there, every wrong value',
    { timeout: 30_000 },
    async () => {
      const taken = createServer().listen(0, '127.0.0.1')
      await once(taken, 'listening')
      onTestFinished(() => void taken.close())
      const port = `${(taken.address() as AddressInfo).port}`

      const refused = startSystem(await freshHome(), { PORT: port })
      expect(await refused.exited).toBe(1)
      expect(refused.output()).toContain(`Port ${port} is taken: change PORT`)

      const misconfigured = startSystem(await freshHome(), { MARKET: 'nowhere', REDIS_URL: 'secret-value' })
      expect(await misconfigured.exited).toBe(1)
      expect(misconfigured.output()).toMatch(/MARKET[^]*REDIS_URL/)
      expect(misconfigured.output()).not.toContain('secret-value')

      const unreachable = startSystem(await freshHome(), { DATABASE_URL: 'postgres://user:hidden@127.0.0.1:1/x' })
      expect(await unreachable.exited).toBe(1)
      expect(unreachable.output()).toContain('The service of DATABASE_URL cannot be used: ECONNREFUSED')
      expect(unreachable.output()).not.toContain('hidden')
    }
  )
})
