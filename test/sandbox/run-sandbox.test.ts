import { fork } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { isReadyMessage } from '../../src/embedded/child.ts'

const ENTRY = join(import.meta.dirname, '../../src/sandbox/run-sandbox.ts')

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

test('the process says where it listens, serves, and leaves nothing behind when it is told to stop', async () => {
  const SANDBOX_URL = `http://127.0.0.1:${await freePort()}`
  const child = fork(ENTRY, ['--seed', '7'], { env: { ...process.env, SANDBOX_URL, LOG_LEVEL: 'silent' } })
  const [message] = (await once(child, 'message')) as [unknown]
  expect(isReadyMessage(message) && message.url).toBe(SANDBOX_URL)
  expect(await (await fetch(SANDBOX_URL)).json()).toMatchObject({ market: 'sandbox', seed: 7 })
  child.kill('SIGTERM')
  expect(await once(child, 'exit')).toEqual([0, null])
})

test('the process ends with its parent', async () => {
  const SANDBOX_URL = `http://127.0.0.1:${await freePort()}`
  const child = fork(ENTRY, [], { env: { ...process.env, SANDBOX_URL, LOG_LEVEL: 'silent' } })
  await once(child, 'message')
  child.disconnect()
  expect(await once(child, 'exit')).toEqual([0, null])
})

test('a port that is taken is an error in one line, not a stack trace', async () => {
  const taken = createServer().listen(0, '127.0.0.1')
  await once(taken, 'listening')
  const { port } = taken.address() as AddressInfo
  const env = { ...process.env, SANDBOX_URL: `http://127.0.0.1:${port}`, LOG_LEVEL: 'silent' }
  const child = fork(ENTRY, [], { env, silent: true })
  let said = ''
  child.stderr!.on('data', (chunk: Buffer) => (said += chunk.toString()))
  expect(await once(child, 'exit')).toEqual([1, null])
  expect(said).toMatch(/EADDRINUSE/)
  expect(said.trim().split('\n')).toHaveLength(1)
  taken.close()
})
