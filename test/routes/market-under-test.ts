import { setImmediate } from 'node:timers/promises'
import { startSandbox, type Sandbox } from '../../src/sandbox/sandbox.ts'
import { startWorld, type Answer, type Api } from '../support/api.ts'

/** Slow machines get time; how vendors are timed out is tested elsewhere. */
export const PATIENCE = { UPSTREAM_TIMEOUT_MS: '5000', REQUEST_DEADLINE_MS: '15000' }

type Client = {
  api: Api
  get(path: string, headers?: Record<string, string>): Promise<Answer>
  /** A 200's body; any other answer fails the test with what it said. */
  value<T>(path: string): Promise<T>
}

/** The API over the real adapters of all vendors, over the simulated market. */
export type MarketUnderTest = Client & {
  sandbox: Sandbox
  databaseUrl: string
  /** A second process, which knows nothing but what the first one left in Redis and Postgres. */
  another(): Promise<Client>
  close(): Promise<void>
}

/** A simulated market that has thought of every instrument: what it thinks of later keeps no request waiting. */
export async function thoughtfulSandbox(): Promise<Sandbox> {
  const sandbox = await startSandbox()
  for (const instrument of sandbox.exchange.instruments) {
    sandbox.exchange.quote(instrument)
    await setImmediate()
  }
  return sandbox
}

/** Fresh processes over a market that goes on. */
export async function startMarket(sandbox: Sandbox): Promise<MarketUnderTest> {
  const world = await startWorld()
  const env = { MARKET: 'sandbox', SANDBOX_URL: sandbox.url, ALLOW_FEED_DRILLS: 'true', ...PATIENCE }
  const use = async (api: Api) => {
    const { token } = await api.login()
    const get = (path: string, headers = {}) => api.get(path, token, headers)
    return {
      api,
      get,
      async value<T>(path: string) {
        const answer = await get(path)
        if (answer.status !== 200) throw new Error(`${path}: ${answer.status} ${answer.body}`)
        return answer.json() as T
      }
    }
  }
  return {
    sandbox,
    databaseUrl: world.databaseUrl,
    ...(await use(await world.startApi(env))),
    another: async () => use(await world.startApi(env)),
    close: () => world.close()
  }
}
