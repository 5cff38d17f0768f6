import type { HoursOf } from '../market/market-hours.ts'
import type { Indices, MoverKind, Movers, Sectors } from '../market/market-wide.ts'
import type { MarketNews } from '../market/news.ts'
import type { Sourced } from './fallback-run.ts'
import { judgeIndices, judgeMovers, judgeSectors } from './market-wide-quality.ts'
import type { Ask, AskSingle } from './single-question.ts'
import { judgeNews } from './story-quality.ts'

type Surroundings = {
  readonly labelled: <T extends Sourced>(value: T) => T
  readonly hoursOf: HoursOf
  readonly now: () => number
}

/** What is asked of the market as a whole, of no symbol. */
export interface MarketWide {
  indices(ask: Ask): Promise<Indices>
  sectors(ask: Ask): Promise<Sectors>
  movers(type: MoverKind, ask: Ask): Promise<Movers>
  marketNews(limit: number, ask: Ask): Promise<MarketNews>
}

export function createMarketWide(one: AskSingle, { labelled, hoursOf, now }: Surroundings): MarketWide {
  return {
    indices: (ask) =>
      one('indices', ask, {
        capability: 'indices',
        isOfSymbols: false,
        async ask(provider, signal) {
          const list = await provider.indices!(signal)
          return { ...list, indices: list.indices.map(labelled) }
        },
        judge: (list) => judgeIndices(list, now(), hoursOf)
      }),
    sectors: (ask) =>
      one('sectors', ask, {
        capability: 'sectors',
        isOfSymbols: false,
        ask: (provider, signal) => provider.sectors!(signal),
        judge: (list) => judgeSectors(list, now(), hoursOf)
      }),
    movers: (type, ask) =>
      one(type, ask, {
        capability: 'movers',
        isOfSymbols: false,
        ask: (provider, signal) => provider.movers!(type, signal),
        judge: (list) => judgeMovers(list, now(), hoursOf)
      }),
    marketNews: (limit, ask) =>
      one('news', ask, {
        capability: 'marketNews',
        isOfSymbols: false,
        ask: (provider, signal) => provider.marketNews!(limit, signal),
        judge: (news) => judgeNews(news, now())
      })
  }
}
