import { alphaVantage } from '../../src/providers/alpha-vantage/alpha-vantage.ts'
import { fmp } from '../../src/providers/fmp/fmp.ts'
import type { Provider, ProviderName } from '../../src/providers/provider.ts'
import { tiingo } from '../../src/providers/tiingo/tiingo.ts'
import { yahoo } from '../../src/providers/yahoo/yahoo.ts'
import type { Recording } from '../../src/sandbox/recording.ts'
import { planAlphaVantage } from './alpha-vantage.ts'
import { planFmp } from './fmp.ts'
import type { Plan, Refusal } from './harness.ts'
import { planTiingo } from './tiingo.ts'
import { planYahoo } from './yahoo.ts'
import { shippedHours } from '../support/hours.ts'

const TIMEOUT_MS = 5000
const KEY = 'any'

type Vendor = {
  plan: (recording: Recording, refusal: Refusal) => Plan
  connect: (at: Connection) => Adapter
}
export type Adapter = Provider & { close(): Promise<void> }
type Connection = { baseUrl: string; now: () => number; plan: 'standard' | 'free' }

/** How each vendor's recordings are read, and the adapter that has to read them. */
export const VENDORS: Record<ProviderName, Vendor> = {
  'alpha-vantage': {
    plan: planAlphaVantage,
    connect: (at) => alphaVantage({ hoursOf: shippedHours, apiKey: KEY, timeoutMs: TIMEOUT_MS, ...at })
  },
  yahoo: {
    plan: planYahoo,
    connect: (at) => yahoo({ hoursOf: shippedHours, timeoutMs: TIMEOUT_MS, ...at })
  },
  fmp: { plan: planFmp, connect: (at) => fmp({ hoursOf: shippedHours, apiKey: KEY, timeoutMs: TIMEOUT_MS, ...at }) },
  tiingo: {
    plan: planTiingo,
    connect: (at) => tiingo({ hoursOf: shippedHours, apiKey: KEY, timeoutMs: TIMEOUT_MS, ...at })
  }
}

/** The adapter of a recording's vendor, in front of a server that replays it, at the recording's own time. */
export function adapterFor(recording: Recording, plan: Plan, url: string): Adapter {
  return VENDORS[recording.vendor].connect({
    baseUrl: `${url}/${recording.vendor}`,
    now: clockOf(recording, plan),
    plan: ('plan' in plan && plan.plan) || 'standard'
  })
}

/** When the recording was made, or when its newest value was. A payload without either is read today. */
function clockOf({ recorded }: Recording, plan: Plan): () => number {
  const recordedAt = Date.parse(recorded?.replace(/ \(.*\)$/, '') ?? '')
  const now =
    ('now' in plan ? plan.now : undefined) ?? (Number.isNaN(recordedAt) ? Date.now() : recordedAt + 86_400_000)
  return () => now
}
