import { Redis } from 'ioredis'
import { serveNaively } from './naive-sockets.ts'
import { TRADES_CHANNEL, type NaiveTrade } from './naive-producer.ts'

/** The second half of a pipeline as tutorials draw it: from Redis' publish and subscribe to WebSocket clients. */
const send = serveNaively()
const redis = new Redis(process.env['REDIS_URL']!)
redis.on('message', (_channel, message) => {
  const trade = JSON.parse(message) as NaiveTrade
  send(trade.symbol, { type: 'trade', data: trade })
})
await redis.subscribe(TRADES_CHANNEL)
process.once('disconnect', () => process.exit())
