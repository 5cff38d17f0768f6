import { existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { fromBinary, fromJson, toBinary, toJson, type JsonObject } from '@bufbuild/protobuf'
import { describe, expect, test } from 'vitest'
import { UpstoxInstruments, upstoxMapper } from '../../../src/streams/upstox/mapper.ts'
import { FeedResponseSchema } from '../../../src/streams/upstox/wire/market-data-feed_pb.js'
import { arrival, placeOf } from './frames.ts'

const folder = resolve(process.env['RECORDINGS_DIR'] ?? '../shared/recordings', 'upstox/ws-stream')
const present = existsSync(folder)
const files = present ? (await readdir(folder)).filter((name) => /^(?!.*\.meta\.json$).*\.json$/.test(name)) : []

type Ltpc = { ltp: number; ltt: string; ltq: string; cp: number }
type Market = { ltpc?: Ltpc; marketLevel?: { bidAskQuote: Record<string, number>[] }; vtt?: string }

/** Sessions were printed as JSON by protobuf's own rules: whole numbers as texts, defaults left out. */
describe.skipIf(!present)('each frame of a recorded session comes to what it means (needs recordings)', () => {
  test.each(files)('%s', async (name) => {
    const recorded = JSON.parse(await readFile(resolve(folder, name), 'utf8')) as JsonObject[]
    const keys = { keyOf: (symbol: string) => symbol, symbolOf: (key: string) => key }
    const map = upstoxMapper({ feed: 'consolidated', placeOf, keys }, new UpstoxInstruments())
    const held = new Map<string, { ltpc: Ltpc; volume: number }>()
    expect(recorded.length).toBeGreaterThan(0)
    for (const frame of recorded) {
      const bytes = toBinary(FeedResponseSchema, fromJson(FeedResponseSchema, frame))
      expect(toJson(FeedResponseSchema, fromBinary(FeedResponseSchema, bytes))).toEqual(frame)
      const { events, refusals, control, unknownFields } = map(bytes, arrival(Number(frame['currentTs'])))
      expect({ refusals, unknownFields }).toEqual({ refusals: [], unknownFields: [] })
      expect(control).toHaveLength((frame['marketInfo'] ? 1 : 0) + (frame['feeds'] ? 1 : 0))
      const feeds = Object.entries((frame['feeds'] ?? {}) as Record<string, { fullFeed?: { marketFF?: Market } }>)
      for (const [symbol, { fullFeed }] of feeds) {
        const market = fullFeed?.marketFF
        if (!market?.ltpc) continue
        const before = held.get(symbol)
        const volume = Number(market.vtt ?? before?.volume ?? 0)
        const ofSymbol = events.filter(({ data }) => 'symbol' in data && data.symbol === symbol)
        const trades = ofSymbol.flatMap((event) => (event.type === 'trade' ? event.data.trade : []))
        const isNew = before !== undefined && JSON.stringify(before.ltpc) !== JSON.stringify(market.ltpc)
        expect(trades).toMatchObject(
          isNew
            ? [
                {
                  price: market.ltpc.ltp,
                  size: volume - before.volume,
                  asOf: new Date(Number(market.ltpc.ltt)).toISOString()
                }
              ]
            : []
        )
        const [best] = market.marketLevel?.bidAskQuote ?? []
        const books = ofSymbol.flatMap((event) => (event.type === 'bbo' ? event.data.bbo : []))
        expect(books).toMatchObject(
          best
            ? [{ bid: best['bidP'], bidSize: Number(best['bidQ']), ask: best['askP'], askSize: Number(best['askQ']) }]
            : []
        )
        held.set(symbol, { ltpc: market.ltpc, volume })
      }
    }
  })
})
