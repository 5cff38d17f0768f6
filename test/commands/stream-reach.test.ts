import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { streamsReached } from '../../src/commands/stream-reach.ts'
import { loadConfig } from '../../src/config/config.ts'
import { startSandbox, type Sandbox } from '../../src/sandbox/sandbox.ts'
import { privateFolder } from '../support/folders.ts'

let sandbox: Sandbox
beforeAll(async () => {
  sandbox = await startSandbox()
})
afterAll(() => sandbox.close())

async function toldOfUpstox(env: NodeJS.ProcessEnv) {
  const socket = sandbox.url.replace('http', 'ws')
  const others = { ALPACA_KEY_ID: 'K', ALPACA_SECRET_KEY: 'S', ALPACA_STREAM_URL: socket, MASSIVE_API_KEY: 'K' }
  const urls = { MASSIVE_STREAM_URL: socket, UPSTOX_BASE_URL: `${sandbox.url}/upstox` }
  const reached = await streamsReached(loadConfig({ MARKET: 'live', ...others, ...urls, ...env }))
  return reached.find(({ name }) => name === 'upstox stream')
}

const token = (exp: number) => `head.${Buffer.from(JSON.stringify({ sub: 'U', exp })).toString('base64url')}.sign`

test('the doctor says whether Upstox takes the token, until when, and what the plan allows', async () => {
  expect(await toldOfUpstox({ UPSTOX_TOKEN: token(4_000_000_000) })).toEqual({
    name: 'upstox stream',
    isOn: true,
    isSilent: false,
    detail:
      'plan basic, mode full, up to 2000 instruments of trades, quotes, bbo; the vendor takes the token, until 2096-10-02T07:06:40.000Z'
  })
  const ended = await toldOfUpstox({ UPSTOX_TOKEN: token(1_700_000_000) })
  expect(ended).toMatchObject({ isSilent: true, detail: expect.stringContaining('ended at 2023-11-14T22:13:20.000Z') })
  const path = join(await privateFolder(), 'token')
  const missing = await toldOfUpstox({ UPSTOX_TOKEN_FILE: path })
  expect(missing).toMatchObject({ isSilent: true, detail: expect.stringContaining('no token can be read') })
  await writeFile(path, `${token(4_000_000_000)}\n`)
  expect(await toldOfUpstox({ UPSTOX_TOKEN_FILE: path })).toMatchObject({ isSilent: false })
})
