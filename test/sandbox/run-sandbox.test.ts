import { fork } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { isReadyMessage } from '../../src/embedded/child.ts'

const ENTRY = join(import.meta.dirname, '../../src/sandbox/run-sandbox.ts')
const ON_A_FREE_PORT = { ...process.env, SANDBOX_URL: 'http://127.0.0.1:0', LOG_LEVEL: 'silent' }

test('the process says where it listens, serves, and leaves nothing behind when it is told to stop', async () => {
  const child = fork(ENTRY, ['--seed', '7'], { env: ON_A_FREE_PORT })
  const [message] = (await once(child, 'message')) as [unknown]
  const { url } = isReadyMessage(message) ? message : {}
  expect(await (await fetch(url!)).json()).toMatchObject({ market: 'sandbox', seed: 7 })
  child.kill('SIGTERM')
  expect(await once(child, 'exit')).toEqual([0, null])
})

test('the process ends with its parent', async () => {
  const child = fork(ENTRY, [], { env: ON_A_FREE_PORT })
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
