import { Redis } from 'ioredis'
import { WebSocket } from 'ws'
import { reportReady } from '../../src/embedded/child.ts'
import { symbolAt, SYMBOLS } from '../ticks.ts'

export const TRADES_CHANNEL = 'stock:trades:pubsub'
export type NaiveTrade = { symbol: string; price: number; size: number; timestamp: string }

type Message = { T: string; msg?: string; S: string; p: number; s: number; t: string }

/** The first half of a pipeline as tutorials draw it: each trade of a vendor's frame is published as JSON. */
function produce(): void {
  const redis = new Redis(process.env['REDIS_URL']!)
  const socket = new WebSocket(`${process.env['ALPACA_STREAM_URL']}/v2/iex`)
  socket.on('message', (data: Buffer) => {
    for (const { T: kind, msg, S: symbol, p: price, s: size, t: timestamp } of JSON.parse(
      data.toString()
    ) as Message[]) {
      if (kind === 't') void redis.publish(TRADES_CHANNEL, JSON.stringify({ symbol, price, size, timestamp }))
      else if (msg === 'connected') socket.send(JSON.stringify({ action: 'auth', key: 'naive', secret: 'naive' }))
      else if (msg === 'authenticated') {
        const trades = Array.from({ length: SYMBOLS }, (_, index) => symbolAt(index))
        socket.send(JSON.stringify({ action: 'subscribe', trades }))
      } else if (kind === 'subscription') reportReady('http://127.0.0.1')
    }
  })
  process.once('disconnect', () => process.exit())
}

if (import.meta.main) produce()
