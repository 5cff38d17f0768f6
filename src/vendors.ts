import type { HoursOf } from './market/market-hours.ts'
import type { Config, ProviderConfig } from './config/config.ts'
import { alphaVantage } from './providers/alpha-vantage/alpha-vantage.ts'
import { fmp } from './providers/fmp/fmp.ts'
import { PROVIDER_NAMES, type Provider, type ProviderName } from './providers/provider.ts'
import { tiingo } from './providers/tiingo/tiingo.ts'
import { yahoo } from './providers/yahoo/yahoo.ts'

type Connection = {
  apiKey: string
  baseUrl?: string
  timeoutMs: number
  plan: ProviderConfig['plan']
  hoursOf: HoursOf
}
type ClosableProvider = Provider & { close(): Promise<void> }

/** The vendors this process may ask, and why it may not ask the others. */
export type Vendors = {
  readonly providers: ReadonlyMap<ProviderName, Provider>
  readonly off: ReadonlyMap<ProviderName, string>
  close(): Promise<void>
}

const CONSTRUCTORS: Record<ProviderName, (connection: Connection) => ClosableProvider> = {
  yahoo,
  fmp,
  'alpha-vantage': alphaVantage,
  tiingo
}

const KEY_VARIABLES: Record<ProviderName, string> = {
  yahoo: '',
  fmp: 'FINANCIAL_MODELING_PREP_API_KEY',
  'alpha-vantage': 'ALPHA_VANTAGE_API_KEY',
  tiingo: 'TIINGO_API_KEY'
}

/** Every vendor that the configuration gives what it needs; `hoursOf` tells them when markets are open. */
export function createVendors(config: Config, hoursOf: HoursOf): Vendors {
  const { providers: configured, UPSTREAM_TIMEOUT_MS: timeoutMs } = config
  const providers = new Map<ProviderName, ClosableProvider>()
  const off = new Map<ProviderName, string>()
  for (const name of PROVIDER_NAMES) {
    const { apiKey, needsKey, baseUrl, plan } = configured[name]
    if (needsKey && apiKey === undefined) off.set(name, `${KEY_VARIABLES[name]} is not set`)
    else providers.set(name, CONSTRUCTORS[name]({ apiKey: apiKey ?? '', baseUrl, timeoutMs, plan, hoursOf }))
  }
  return {
    providers,
    off,
    async close() {
      await Promise.all([...providers.values()].map((provider) => provider.close()))
    }
  }
}
