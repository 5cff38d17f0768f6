import { request } from 'undici'
import type { Config } from '../config/config.ts'
import { PROVIDER_NAMES, type ProviderName } from '../providers/provider.ts'

const REACH_TIMEOUT_MS = 3000

const VENDOR_ADDRESSES: Record<ProviderName, string> = {
  yahoo: 'https://query2.finance.yahoo.com',
  fmp: 'https://financialmodelingprep.com',
  'alpha-vantage': 'https://www.alphavantage.co',
  tiingo: 'https://api.tiingo.com'
}

/**
 * Vendors of the live market that are on and do not answer now, each with the reason: `fmp (no answer within 3 s)`. Never
 * rejects, and takes no longer than these three seconds.
 */
export async function vendorsOutOfReach(config: Config): Promise<string[]> {
  const on = PROVIDER_NAMES.filter((name) => !config.providers[name].needsKey || config.providers[name].apiKey)
  const asked = on.map(async (name) => {
    const { silentBecause } = await reach(addressOf(name, config))
    return silentBecause ? [`${name} (${silentBecause})`] : []
  })
  return (await Promise.all(asked)).flat()
}

/** Where a vendor of the live market is asked. */
export const addressOf = (name: ProviderName, config: Config): string =>
  config.providers[name].baseUrl ?? VENDOR_ADDRESSES[name]

/** What is said of a vendor that is listened to. */
export type StreamReach = {
  readonly name: string
  readonly isOn: boolean
  readonly detail: string
  readonly isSilent: boolean
}

/** Any answer at all will do. `skewMs` is how far the other clock is ahead of ours. */
export async function reach(
  url: string,
  now: () => number = Date.now
): Promise<{ silentBecause?: string; skewMs?: number }> {
  const askedAt = now()
  try {
    const signal = AbortSignal.timeout(REACH_TIMEOUT_MS)
    const { headers, body } = await request(url, { method: 'HEAD', signal })
    await body.dump()
    const told = Date.parse(String(headers.date))
    // A Date header names the second that had begun: on average half a second ago.
    return Number.isNaN(told) ? {} : { skewMs: told + 500 - (askedAt + now()) / 2 }
  } catch (error) {
    return { silentBecause: reason(error) }
  }
}

/** What is wrong, without what drivers like to put beside it: addresses, users, passwords. */
export function reason(error: unknown): string {
  const { code, name, message, errors } = error as Error & { code?: string; errors?: { code?: string }[] }
  if (name === 'TimeoutError') return `no answer within ${REACH_TIMEOUT_MS / 1000} s`
  return PLAIN_REASONS[code ?? ''] ?? code ?? errors?.[0]?.code ?? message
}

const PLAIN_REASONS: Record<string, string> = {
  '28P01': 'wrong user or password',
  '28000': 'wrong user or password',
  '3D000': 'there is no such database',
  CONNECT_TIMEOUT: 'no answer',
  CONNECTION_CLOSED: 'connections are taken and ended, as by a proxy without a server'
}
