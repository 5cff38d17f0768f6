import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { holdHome } from '../../src/embedded/home-lock.ts'
import { homeOf } from '../../src/embedded/home.ts'
import { choosePort } from '../../src/embedded/listen-port.ts'
import { LogFile } from '../../src/embedded/log-file.ts'
import { findRunning, publishRunning } from '../../src/embedded/running.ts'
import { keptSecret } from '../../src/embedded/secret.ts'
import { privateFolder } from '../support/folders.ts'

test('two starts never work on one home', async () => {
  const home = await privateFolder()
  const lock = await holdHome(home)
  await expect(holdHome(home)).rejects.toThrow(`already works on ${home} (process ${process.pid})`)
  await lock.release()
  await (await holdHome(home)).release()
})

test('a home below folders that are not there yet is made, also by two starts at once', async () => {
  const home = join(await privateFolder(), 'a', 'b', 'c')
  const outcomes = await Promise.allSettled([holdHome(home), holdHome(home)])
  expect(outcomes.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected'])
  for (const outcome of outcomes) if (outcome.status === 'fulfilled') await outcome.value.release()
})

test.skipIf(process.platform !== 'linux').each([
  ['/proc/quotewire', 'it cannot be made there'],
  ['/proc/quotewire/deep/below', 'it cannot be made there'],
  ['/proc/self/fd/quotewire', 'it cannot be made there'],
  ['/proc/self', ''],
  ['/sys/quotewire', 'permission denied'],
  ['/dev/null/quotewire', 'something on the way to it is no folder'],
  ['/dev/null', 'what has this name is no folder']
])('a home at %s is refused in a sentence, at once (Linux only)', async (home, reason) => {
  await expect(holdHome(home)).rejects.toThrow(`QUOTEWIRE_HOME is ${home}, which cannot be written: ${reason}`)
})

test('a home that something stands in the way of is refused in a sentence', async () => {
  const folder = await privateFolder()
  await writeFile(join(folder, 'sandbox'), '')
  await symlink(join(folder, 'circle'), join(folder, 'circle'))
  await symlink(join(folder, 'nothing', 'there'), join(folder, 'nowhere'))
  await expect(holdHome(folder, join(folder, 'sandbox'))).rejects.toThrow(
    `QUOTEWIRE_HOME is ${folder}, and ${folder}/sandbox cannot be written: what has this name is no folder. Set it to`
  )
  for (const [name, reason] of [
    ['circle/below', 'its symbolic links lead in a circle'],
    ['nowhere/below', 'what has this name is no folder'],
    ['a'.repeat(300), 'its name is too long']
  ] as const) {
    await expect(holdHome(join(folder, name)), name).rejects.toThrow(`which cannot be written: ${reason}. Set it to`)
  }
})

test('a killed process leaves no lock behind', async () => {
  const home = await privateFolder()
  const module = JSON.stringify(join(import.meta.dirname, '../../src/embedded/home-lock.ts'))
  const script = `
    const { holdHome } = await import(${module})
    await holdHome(${JSON.stringify(home)})
    console.log('held')
    setInterval(() => {}, 1000)`
  const holder = spawn(process.execPath, ['--input-type=module', '--eval', script], {
    stdio: ['ignore', 'pipe', 'inherit']
  })
  await once(holder.stdout, 'data')
  await expect(holdHome(home)).rejects.toThrow(`process ${holder.pid}`)
  holder.kill('SIGKILL')
  await once(holder, 'exit')
  await (await holdHome(home)).release()
})

test('a note of what runs counts only while its process holds the home', async () => {
  const home = homeOf(await privateFolder(), 'sandbox')
  const running = { pid: process.pid, url: 'http://127.0.0.1:1', databaseUrl: 'postgres://x', redisUrl: 'redis://x' }
  await mkdir(home.market)
  await publishRunning(home, running)
  expect(await findRunning(home)).toBeUndefined()
  const lock = await holdHome(home.root)
  expect(await findRunning(home)).toEqual(running)
  await publishRunning(home, { ...running, pid: process.ppid })
  expect(await findRunning(home)).toBeUndefined()
  await lock.release()
})

test('a secret is made once, also by starts at the same time, and only its owner can read it', async () => {
  const file = join(await privateFolder(), 'below', 'secret')
  const secrets = await Promise.all(Array.from({ length: 5 }, () => keptSecret(file)))
  expect(new Set(secrets).size).toBe(1)
  expect(secrets[0]).toMatch(/^[\w-]{43}$/)
  expect(await readdir(join(file, '..'))).toEqual(['secret'])
})

test('a taken port is refused by name where the user chose it, and passed over where it is the default', async () => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  const { port } = server.address() as AddressInfo
  await expect(choosePort({ host: '127.0.0.1', port, chosenByUser: true })).rejects.toThrow('change PORT')
  expect(await choosePort({ host: '127.0.0.1', port, chosenByUser: false })).toBeGreaterThan(port)
  await expect(choosePort({ host: '192.0.2.1', port, chosenByUser: true })).rejects.toThrow('HOST')
})

test.skipIf(process.platform !== 'linux')(
  'a full disk costs lines of the log and ends nothing (Linux only)',
  async () => {
    const log = new LogFile('/dev/full')
    log.write('a line')
    log.end('the last line')
    await once(log, 'close')
  }
)

test('a log file cannot fill the disk', async () => {
  const folder = await privateFolder()
  await mkdir(join(folder, 'logs'))
  const log = new LogFile(join(folder, 'logs', 'api.log'))
  const megabyte = Buffer.alloc(1_000_000, 'x')
  for (let written = 0; written < 35; written++) log.write(megabyte)
  log.end('last line')
  await once(log, 'close')
  expect((await readdir(join(folder, 'logs'))).toSorted()).toEqual(['api.log', 'api.log.previous'])
  expect((await readFile(join(folder, 'logs', 'api.log'))).byteLength).toBeLessThan(11_100_000)
  expect(await readFile(join(folder, 'logs', 'api.log'), 'utf8')).toMatch(/last line$/)
})
