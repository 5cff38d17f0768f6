import type { AddressInfo } from 'node:net'
import { startSandbox, type Sandbox } from '../../src/sandbox/sandbox.ts'
import { PATIENCE } from '../routes/market-under-test.ts'
import { startWorld, type Api, type ApiWorld } from '../support/api.ts'
import { listenTo } from './vendor-stream.ts'

/** How often something trades at the simulated exchange, in milliseconds. */
export const TICK_MS = 200
export const MINUTE_MS = 60_000

/** The simulated vendors, and this server, which is fed by them: AAPL by Alpaca's stream, MSFT by Massive's. */
export type Stage = {
  readonly sandbox: Sandbox
  readonly world: ApiWorld
  readonly api: Api
  /** Host and port of the API. */
  readonly authority: string
  /** Grants to read the market and to stream. */
  readonly key: string
  close(): Promise<void>
}

export async function setStage(): Promise<Stage> {
  const world = await startWorld()
  const sandbox = await startSandbox({ tickMs: TICK_MS })
  const api = await world.startApi({
    MARKET: 'sandbox',
    SANDBOX_URL: sandbox.url,
    SANDBOX_TICK_MS: String(TICK_MS),
    RATE_LIMIT_PER_MINUTE: '100000',
    ...PATIENCE,
    WS_SUBSCRIPTIONS_PER_USER: '40'
  })
  await api.app.listen({ host: '127.0.0.1', port: 0 })
  const { key } = await api.login(['market:read', 'stream:read'])
  const stopListening = listenTo(api, sandbox, { alpaca: 'AAPL', massive: 'MSFT' }, TICK_MS)
  return {
    sandbox,
    world,
    api,
    key,
    authority: `127.0.0.1:${(api.app.server.address() as AddressInfo).port}`,
    async close() {
      await stopListening()
      await world.close()
      await sandbox.close()
    }
  }
}
