import { ApiError, InvalidField } from '../errors.ts'
import type { Channel } from '../hub/protocol.ts'
import type { CurrentValue, NoValue, Sources } from '../hub/sources.ts'
import type { Answer, MarketData } from '../market/market-data.ts'
import { MoverKind } from '../market/market-wide.ts'

/** What the market holds now, for snapshots. */
export function createSources(marketData: MarketData): Sources {
  const channels: Record<Channel, () => readonly Promise<Answer<unknown>>[]> = {
    indices: () => [marketData.indices()],
    sectors: () => [marketData.sectors()],
    movers: () => MoverKind.enum.map((type) => marketData.movers(type)),
    sentiment: () => [marketData.sentiment()],
    status: () => [Promise.resolve(marketData.status())]
  }
  return {
    async quotes(symbols, user) {
      return (await marketData.quotes(symbols, { user })).map(valueOf)
    },
    async chain(underlying, expiry, user) {
      const chain = await marketData.options(underlying, expiry, { user }).catch((error: unknown) => noValueOf(error))
      if ('code' in chain) return chain
      const { symbol, expiries, contracts } = chain.value
      if (expiry !== undefined && !expiries.includes(expiry)) {
        return noValueOf(new InvalidField('data.expiry', `is not an expiry of options on ${symbol}`, expiries))
      }
      return [symbol, ...contracts.map((contract) => contract.symbol)]
    },
    async channel(channel) {
      const settled = await Promise.allSettled(channels[channel]())
      return settled.map((each) => valueOf(each.status === 'fulfilled' ? each.value : (each.reason as Error)))
    }
  }
}

const valueOf = (answer: Answer<unknown> | Error): CurrentValue | NoValue =>
  answer instanceof Error ? noValueOf(answer) : answer

/** What is no error of the API's own is a bug: it fails the whole frame, and is logged. */
function noValueOf(error: unknown): NoValue {
  if (!(error instanceof ApiError)) throw error
  const { code, message, details } = error
  return { code, message, details, unknown: code === 'SYMBOL_NOT_FOUND' }
}
