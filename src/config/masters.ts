import type { Static } from 'typebox'
import { MASTER_EXCHANGES, type MasterExchange } from '../market/instrument-master.ts'
import type { Environment } from './environment.ts'

/** Where master files of instruments are read, and of which exchanges; none: they are not. */
export type MasterConfig = {
  readonly exchanges: readonly MasterExchange[]
  /** Undefined: the vendor's own. */
  readonly baseUrl: string | undefined
}

/** What the environment says of master files; adds what is wrong to the problems. */
export function masterConfig(values: Static<typeof Environment>, problems: string[]): MasterConfig {
  const { MARKET, SANDBOX_URL, UPSTOX_MASTERS, UPSTOX_MASTERS_URL } = values
  const isSandbox = MARKET === 'sandbox'
  const named = (UPSTOX_MASTERS ?? (isSandbox ? MASTER_EXCHANGES.join(',') : '')).split(',').map((part) => part.trim())
  const wanted = [...new Set(named)].filter((name) => name !== '')
  const exchanges = MASTER_EXCHANGES.filter((name) => wanted.includes(name))
  if (exchanges.length < wanted.length) {
    problems.push(`UPSTOX_MASTERS must name exchanges of ${MASTER_EXCHANGES.join(', ')}`)
  }
  const standIn = `${SANDBOX_URL.replace(/\/$/, '')}/upstox-assets/market-quote/instruments/exchange`
  return { exchanges, baseUrl: UPSTOX_MASTERS_URL ?? (isSandbox ? standIn : undefined) }
}
