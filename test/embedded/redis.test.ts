import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { expect, onTestFinished, test, vi } from 'vitest'
import { findRedis } from '../../src/embedded/redis-binaries.ts'
import { startRedis } from '../../src/embedded/redis.ts'
import { privateFolder, PROGRAMS_HOME } from '../support/folders.ts'
import { processesIn } from '../support/processes.ts'

async function start(directory: string) {
  const server = await startRedis({ home: PROGRAMS_HOME, directory })
  onTestFinished(() => server.stop())
  const redis = new Redis(server.url)
  redis.on('error', () => undefined)
  onTestFinished(() => redis.disconnect())
  return { server, redis }
}

test('keeps keys across a restart and never evicts them', async () => {
  const directory = join(await privateFolder(), 'redis')
  const first = await start(directory)
  await first.redis.set('kept', 'yes')
  await first.server.stop()

  const { redis } = await start(directory)
  expect(await redis.get('kept')).toBe('yes')
  expect(await redis.config('GET', 'maxmemory-policy')).toEqual(['maxmemory-policy', 'noeviction'])
  expect(await redis.config('GET', 'databases')).toEqual(['databases', '512'])
})

test('refuses whoever does not know the password', async () => {
  const { server } = await start(join(await privateFolder(), 'redis'))
  const stranger = new Redis({ port: Number(new URL(server.url).port), lazyConnect: true })
  stranger.on('error', () => undefined)
  onTestFinished(() => stranger.disconnect())
  await expect(stranger.ping()).rejects.toThrow(/NOAUTH/)
})

test('never lets two servers work on the same data after a crash of Quotewire', async () => {
  const directory = join(await privateFolder(), 'redis')
  const leftover = await start(directory)
  await leftover.redis.set('kept', 'yes')

  const { redis } = await start(directory)
  expect(await leftover.server.exited).toBe('ended with code 0')
  expect(await redis.get('kept')).toBe('yes')
})

test.skipIf(process.platform !== 'linux')('ends with a start that fails (looks into /proc: Linux only)', async () => {
  const directory = join(await privateFolder(), 'redis')
  const module = JSON.stringify(join(import.meta.dirname, '../../src/embedded/redis.ts'))
  const script = `
    const { startRedis } = await import(${module})
    const { pid } = await startRedis(${JSON.stringify({ home: PROGRAMS_HOME, directory })})
    process.stdin.once('data', () => { throw new Error('nobody handles this') })
    console.log(pid)`
  const child = spawn(process.execPath, ['--input-type=module', '--eval', script])
  const [pid] = (await once(child.stdout, 'data')) as [Buffer]
  expect(processesIn(directory).map((each) => each.pid)).toEqual([Number(pid)])
  child.stdin.write('now')
  await once(child, 'exit')
  await expect.poll(() => processesIn(directory)).toEqual([])
})

test('says the three ways to provide Redis where there is none', async () => {
  const empty = await privateFolder()
  vi.stubEnv('PATH', empty)
  onTestFinished(() => void vi.unstubAllEnvs())
  const nowhere = { downloadBaseUrl: 'http://127.0.0.1:1' }
  await expect(findRedis(empty, nowhere)).rejects.toThrow(
    /REDIS_URL[^]*install one[^]*this system has no apt-get[^]*127.0.0.1:1\/\S+ cannot be reached/
  )
})
