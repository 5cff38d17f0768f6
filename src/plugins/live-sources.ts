import { ApiError } from '../errors.ts'
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
    async channel(channel) {
      const settled = await Promise.allSettled(channels[channel]())
      return settled.map((each) => valueOf(each.status === 'fulfilled' ? each.value : (each.reason as Error)))
    }
  }
}

/** What is no error of the API's own is a bug: it fails the whole frame, and is logged. */
function valueOf(answer: Answer<unknown> | Error): CurrentValue | NoValue {
  if (!(answer instanceof Error)) return answer
  if (!(answer instanceof ApiError)) throw answer
  const { code, message, details } = answer
  return { code, message, details, unknown: code === 'SYMBOL_NOT_FOUND' }
}
