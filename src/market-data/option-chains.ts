import type { Gateway } from '../gateway/gateway.ts'
import type { Ask } from '../gateway/single-question.ts'
import type { Fundamentals } from '../market/fundamentals.ts'
import type { Answer } from '../market/market-data.ts'
import type { OptionChain } from '../market/option-chain.ts'
import { withExpirations, type DividendYield } from '../market/option-greeks.ts'
import type { SessionClock } from '../market/session-clock.ts'
import { withTimeout } from '../timeout.ts'

/** The chain of an expiry; where none is named, of the nearest one that still trades. Vendors show one that is over for hours. */
export async function openChain(
  gateway: Pick<Gateway, 'options'>,
  clock: SessionClock,
  symbol: string,
  expiry: string | undefined,
  ask: Ask,
  now: number
): Promise<OptionChain> {
  const chain = withExpirations(await gateway.options(symbol, expiry, ask), clock, now)
  const [nearest] = chain.expiries
  const isOver = chain.contracts.every(({ lastTradingAt }) => Date.parse(lastTradingAt!) <= now)
  if (expiry !== undefined || nearest === undefined || !isOver) return chain
  return withExpirations(await gateway.options(symbol, nearest, ask), clock, now)
}

/**
 * What the server itself reports of a share or fund that has options, if that is there within `waitMs`: what comes later
 * is for the next time. Indices have no fundamentals.
 */
export async function dividendYieldOf(
  symbol: string,
  waitMs: number,
  fundamentals: () => Promise<Answer<Fundamentals>>
): Promise<DividendYield | undefined> {
  if (symbol.startsWith('^')) return undefined
  // Options are worth showing where nobody tells the yield: the answer says that none is assumed.
  const asked = fundamentals().catch(() => undefined)
  const answer = await withTimeout(asked, Math.max(0, waitMs), () => undefined)
  const percent = answer?.value.metrics.dividendYieldPercent
  return percent === undefined ? undefined : { percent, source: answer!.value.provenance.source }
}
