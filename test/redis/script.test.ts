import { globSync, readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { Redis } from 'ioredis'
import { expect, onTestFinished, test } from 'vitest'
import { defineLockCommands } from '../../src/redis/locks.ts'
import { defineScript } from '../../src/redis/script.ts'
import { privateRedis } from '../log/redis-door.ts'
import { privateFolder } from '../support/folders.ts'

const LOCKS = Array.from({ length: 100 }, (_, index) => `lock:${index}`)

async function connected(url: string): Promise<Redis> {
  const redis = new Redis(url)
  redis.on('error', () => undefined)
  onTestFinished(() => redis.disconnect())
  defineLockCommands(redis)
  await redis.ping()
  return redis
}

/** How many locks were freed by one pipeline. */
async function freed(redis: Redis): Promise<number> {
  await redis.mset(Object.fromEntries(LOCKS.map((lock) => [lock, 'me'])))
  const pipeline = redis.pipeline()
  for (const lock of LOCKS) pipeline.deleteIfHeld(lock, 'me')
  const replies = (await pipeline.exec())!
  return replies.filter(([error, deleted]) => error === null && deleted === 1).length
}

test('a hundred keys in one pipeline cost the source of a script once, and later pipelines do not send it at all', async () => {
  const redis = await connected((await privateRedis()).url)
  const calls = async () => {
    const stats = await redis.info('commandstats')
    const of = (command: string) => Number(new RegExp(`cmdstat_${command}:calls=(\\d+)`).exec(stats)?.[1] ?? 0)
    return { eval: of('eval'), evalsha: of('evalsha') }
  }
  await freed(redis)
  expect(await calls()).toEqual({ eval: 1, evalsha: 99 })
  await freed(redis)
  expect(await calls()).toEqual({ eval: 1, evalsha: 199 })
})

test('a Redis that forgot its scripts is given them again, alone and within a pipeline', async () => {
  const redis = await connected((await privateRedis()).url)
  expect(await freed(redis)).toBe(100)
  await redis.script('FLUSH')
  expect(await freed(redis)).toBe(100)

  await redis.set('lock:a', 'me')
  await redis.script('FLUSH')
  expect(await redis.extendIfHeld('lock:a', 'me', 60_000)).toBe(1)
  expect(await redis.pttl('lock:a')).toBeGreaterThan(50_000)
})

test('scripts go on where Redis came back without its memory', async () => {
  const server = await privateRedis()
  const redis = await connected(server.url)
  expect(await freed(redis)).toBe(100)
  await server.kill()
  await server.wipe()
  await server.start()
  await expect.poll(() => freed(redis).catch(() => 0)).toBe(100)
})

test('a lock that another process holds by now is neither deleted nor extended', async () => {
  const redis = await connected((await privateRedis()).url)
  await redis.set('lock:a', 'another', 'PX', 60_000)
  expect(await redis.deleteIfHeld('lock:a', 'me')).toBe(0)
  expect(await redis.extendIfHeld('lock:a', 'me', 600_000)).toBe(0)
  expect(await redis.pttl('lock:a')).toBeLessThanOrEqual(60_000)
  expect(await redis.get('lock:a')).toBe('another')
})

test('a script whose name does not tell its keys is refused when a process starts', async () => {
  const folder = await privateFolder()
  const path = join(folder, 'delete-if-held.lua')
  await writeFile(path, 'return 1')
  const redis = new Redis({ lazyConnect: true })
  expect(() => defineScript(redis, path)).toThrow('not named like name-KEYS.lua')
  expect(() => defineScript(redis, join(folder, 'missing-1.lua'))).toThrow('ENOENT')
})

test('no script takes the name of another, and each says at its head what it takes and returns', () => {
  const files = globSync('{src,workers,db}/**/*.lua')
  expect(files.length).toBeGreaterThan(7)
  const commands = files.map((file) => basename(file).replace(/-\w\.lua$/, ''))
  expect(new Set(commands).size).toBe(files.length)
  for (const file of files) {
    const head = readFileSync(file, 'utf8').split(']]\n')[0]
    expect(head, file).toMatch(/^--\[\[\n[A-Z][\x20-\x7e\n]+\nKEYS[^]+\nARGV[^]+\nReturns /)
  }
})
