import { startSandbox, type Sandbox } from '../../src/sandbox/sandbox.ts'
import { startWorld, type Answer, type Api } from '../support/api.ts'

/** Slow machines get time; how vendors are timed out is tested elsewhere. */
const PATIENCE = { UPSTREAM_TIMEOUT_MS: '5000', REQUEST_DEADLINE_MS: '15000' }

/** The API over the real adapters of all vendors, over the simulated market. */
export type MarketUnderTest = {
  sandbox: Sandbox
  api: Api
  get(path: string, headers?: Record<string, string>): Promise<Answer>
  /** A 200's body; any other answer fails the test with what it said. */
  value<T>(path: string): Promise<T>
  close(): Promise<void>
}

export async function startMarket(env: Record<string, string> = {}): Promise<MarketUnderTest> {
  const [sandbox, world] = await Promise.all([startSandbox(), startWorld()])
  const api = await world.startApi({ MARKET: 'sandbox', SANDBOX_URL: sandbox.url, ...PATIENCE, ...env })
  const { token } = await api.login()
  const get = (path: string, headers = {}) => api.get(path, token, headers)
  return {
    sandbox,
    api,
    get,
    async value<T>(path: string) {
      const answer = await get(path)
      if (answer.status !== 200) throw new Error(`${path}: ${answer.status} ${answer.body}`)
      return answer.json() as T
    },
    async close() {
      await world.close()
      await sandbox.close()
    }
  }
}
