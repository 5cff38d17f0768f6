import { once } from 'node:events'
import { readdir, readFile } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import type { Quote } from '../src/market/quote.ts'
import { hasProgram, runProgram } from './deploy/programs.ts'
import { LiveClient } from './support/live-client.ts'
import { pidOf, processesIn } from './support/processes.ts'
import { testDatabase, testRedis } from './support/services.ts'
import { freshHome, quote, startSystem, type StartedSystem } from './support/system.ts'

/** Five on a machine of its own; where others use the same cores, at least less than the first start took there. */
const SECOND_START_MS = 10_000
/** Here other tests use the same cores. */
const UNTIL_IT_IS_BACK = { timeout: 30_000, interval: 100 }

const PARTS = [
  ['API', 'src/server.ts'],
  ['Ingest', 'workers/run-ingest.ts'],
  ['Persist', 'workers/run-persist.ts'],
  ['Sandbox', 'src/sandbox/run-sandbox.ts'],
  ['Postgres', 'bin/postgres'],
  ['Redis', 'redis-server'],
  ['Worker', 'workers/run-jobs.ts']
] as const

async function isReady(url: string): Promise<boolean> {
  const { ready } = (await (await fetch(`${url}/api/health`)).json()) as { ready: boolean }
  return ready
}

/** Each part that is killed is back at its address; one that ends again and again is given up, and everything with it. */
async function expectPartsBack(home: string, system: StartedSystem): Promise<void> {
  const { url, key } = await system.ready()
  for (const [name, entry] of PARTS) {
    const pid = pidOf(home, entry)
    process.kill(pid, 'SIGKILL')
    await vi.waitFor(() => expect(pidOf(home, entry)).not.toBe(pid), UNTIL_IT_IS_BACK)
    await vi.waitFor(async () => expect(await isReady(url)).toBe(true), UNTIL_IT_IS_BACK)
    await vi.waitFor(async () => expect((await quote(url, key)).status).toBe(200), UNTIL_IT_IS_BACK)
    expect(system.output()).toContain(`${name} was ended by SIGKILL. Starting it again`)
  }
  // The last of the parts, within the same minute.
  for (let killed = 1, last = 0; killed < 4; killed++) {
    await vi.waitFor(() => expect(pidOf(home, 'workers/run-jobs.ts')).not.toBe(last), UNTIL_IT_IS_BACK)
    last = pidOf(home, 'workers/run-jobs.ts')
    process.kill(last, 'SIGKILL')
  }
  expect(await system.exited).toBe(1)
  expect(system.output()).toMatch(/Worker .*; 4 times within a minute is too often\. Stopping everything; logs are in/)
  expect(processesIn(home)).toEqual([])
}

describe.skipIf(process.platform !== 'linux')('npm start (processes are looked up in /proc: Linux only)', () => {
  test(
    'gives a newcomer a quote, the same key and data after a restart and after kill -9, and each part back that is killed',
    { timeout: 300_000 },
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
      await client.until(() => new Set(prices()).size >= 3, 'a price that moves', 20_000)
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
      await expect.poll(commands).not.toContainEqual(expect.stringContaining('src/server.ts'))

      await expectPartsBack(home, startSystem(home))
    }
  )

  test('leaves nothing behind when it is interrupted while it starts', { timeout: 60_000 }, async () => {
    const home = await freshHome()
    const system = startSystem(home)
    await expect.poll(() => system.output()).toContain('Redis')
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
