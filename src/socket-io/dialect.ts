import type { Stream } from '../hub/protocol.ts'
import type { Quote } from '../market/quote.ts'
import type { Trade } from '../market/trade.ts'
import type { Update } from './update.ts'

/** An event as Socket.IO carries it: its name and its one argument. Keys without a value stay out of the JSON. */
export type Message = readonly [event: string, payload: object]

/** What a namespace's clients are told. */
export type Dialect = {
  readonly namespace: string
  readonly streams: readonly Stream[]
  messagesOf(update: Update): readonly Message[]
}

/** `/stocks` hears of quotes; the default namespace of trades, and of quotes where there are none. */
export const DIALECTS: readonly Dialect[] = [
  {
    namespace: '/stocks',
    streams: ['quotes'],
    messagesOf: (update) => ('quote' in update ? [['priceUpdate', priceOf(update.quote)]] : [])
  },
  {
    namespace: '/',
    streams: ['quotes', 'trades'],
    messagesOf(update) {
      if ('trade' in update) {
        const trade = tradeOf(update.trade)
        return [
          ['trade', trade],
          ['market:tick', trade]
        ]
      }
      const tick: Message = ['market:tick', tickOf(update.quote)]
      return update.isTraded ? [tick] : [['trade', standInOf(update.quote)], tick]
    }
  }
]

const priceOf = ({ symbol, price, change, changePercent, volume, asOf }: Quote) => ({
  symbol,
  price,
  change,
  changePercent,
  volume,
  timestamp: asOf
})

const tradeOf = ({ symbol, price, size, asOf }: Trade) => ({ symbol, price, size, timestamp: asOf, basis: 'trade' })

/** A quote tells the last price and not how much changed hands at it: there is no size. */
const standInOf = ({ symbol, price, asOf }: Quote) => ({ symbol, price, timestamp: asOf, basis: 'quote' })

const tickOf = ({ bid, ask, ...quote }: Quote) => ({ ...priceOf(quote), bid, ask, basis: 'quote' })
