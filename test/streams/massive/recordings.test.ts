import { existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { massiveMapper } from '../../../src/streams/massive/mapper.ts'
import { arrival, placeOf } from './arrivals.ts'

const folder = resolve(process.env['RECORDINGS_DIR'] ?? '../shared/recordings', 'polygon/ws-stream')
const present = existsSync(folder)
const files = present ? (await readdir(folder)).filter((name) => /^(?!.*\.meta\.json$).*\.json$/.test(name)) : []

/** The bars of a second are known, and nothing is made of them. */
const UNUSED = new Set(['A'])
const EVENT_OF_KIND: Readonly<Record<string, string>> = { T: 'trade', Q: 'bbo', AM: 'bar_update', LULD: 'halt' }

describe.skipIf(!present)('each frame of a recorded session comes to what it means (needs recordings)', () => {
  test.each(files)('%s', async (name) => {
    const recorded = JSON.parse(await readFile(resolve(folder, name), 'utf8')) as unknown[]
    const map = massiveMapper({ market: 'stocks', feed: 'consolidated', placeOf })
    const frames = recorded.filter((frame) => Array.isArray(frame)) as Record<string, unknown>[][]
    expect(frames.length).toBeGreaterThan(0)
    for (const frame of frames) {
      const { events, control, refusals, unknownFields } = map(JSON.stringify(frame), arrival())
      const used = frame.filter(({ ev }) => ev !== 'status' && !UNUSED.has(String(ev)))
      expect(events.map(({ type }) => type)).toEqual(used.map(({ ev }) => EVENT_OF_KIND[String(ev)]))
      expect(control).toEqual(frame.filter(({ ev }) => ev === 'status'))
      expect(refusals.map(({ reason, kind }) => [reason, kind])).toEqual(
        frame.filter(({ ev }) => UNUSED.has(String(ev))).map(({ ev }) => ['unused', ev])
      )
      expect(unknownFields).toEqual([])
      for (const [at, event] of events.entries()) expectMeaning(used[at]!, event)
    }
  })
})

function expectMeaning(wire: Record<string, unknown>, { type, data }: { type: string; data: object }): void {
  const told = data as { symbol: string; trade?: object; bbo?: object; bar?: object }
  expect(told.symbol).toBe(wire['sym'] ?? wire['T'])
  if (type === 'trade') {
    const asOf = new Date(Number(wire['t'])).toISOString()
    expect(told.trade).toMatchObject({ price: wire['p'], size: wire['s'], tradeId: String(wire['i']), asOf, tape: 'C' })
  }
  if (type === 'bbo') {
    expect(told.bbo).toMatchObject({ bid: wire['bp'], bidSize: wire['bs'], ask: wire['ap'], askSize: wire['as'] })
  }
  if (type === 'bar_update') {
    const start = new Date(Number(wire['s'])).toISOString()
    const { o: open, h: high, l: low, c: close, v: volume } = wire
    expect(told.bar).toEqual({ start, open, high, low, close, volume })
  }
}
