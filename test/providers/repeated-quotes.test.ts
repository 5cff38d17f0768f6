import { describe, expect, test } from 'vitest'
import { fmp } from '../../src/providers/fmp/fmp.ts'
import { tiingo } from '../../src/providers/tiingo/tiingo.ts'
import { shippedHours } from '../support/hours.ts'
import { vendorServer, json, signal, type Reply } from './vendor-server.ts'
import { standIn } from './yahoo-stand-in.ts'

const NOW = Date.parse('2026-11-25T16:00:00Z')
const seconds = (iso: string) => Date.parse(iso) / 1000
const [EARLY, LATE] = ['2026-11-25T15:00:00.000Z', '2026-11-25T15:59:00.000Z']
type Row = readonly [price: number, at: string]

async function keyed(create: typeof fmp | typeof tiingo, reply: Reply) {
  const { url } = await vendorServer(() => reply)
  return create({
    apiKey: 'key',
    baseUrl: url,
    timeoutMs: 5000,
    plan: 'standard',
    now: () => NOW,
    hoursOf: shippedHours
  })
}

const ANSWERS = {
  async yahoo(rows: readonly Row[]) {
    const result = rows.map(([regularMarketPrice, at]) => ({
      symbol: 'AAPL',
      quoteType: 'EQUITY',
      regularMarketPrice,
      regularMarketTime: seconds(at)
    }))
    return (await standIn({ '/v7/finance/quote': json({ quoteResponse: { result } }) })).provider
  },
  fmp: (rows: readonly Row[]) =>
    keyed(fmp, json(rows.map(([price, at]) => ({ symbol: 'AAPL', price, timestamp: seconds(at) })))),
  tiingo: (rows: readonly Row[]) =>
    keyed(tiingo, json(rows.map(([tngoLast, timestamp]) => ({ ticker: 'AAPL', tngoLast, timestamp }))))
}

describe.each(Object.entries(ANSWERS))('%s tells a symbol twice in one answer', (_, connect) => {
  const quoteOf = async (...rows: Row[]) => (await (await connect(rows)).quotes!(['AAPL'], signal)).get('AAPL')!

  test('the newest price is shown, wherever it stands, and the other one is noted', async () => {
    for (const rows of [
      [
        [101, LATE],
        [99, EARLY]
      ],
      [
        [99, EARLY],
        [101, LATE]
      ]
    ] as const) {
      const { price, asOf, provenance } = await quoteOf(...rows)
      expect([price, asOf]).toEqual([101, LATE])
      expect(provenance.notes?.join()).toContain(`99 of ${EARLY}`)
      expect(provenance.state).not.toBe('suspect')
    }
  })

  test('two prices of one instant are in doubt, one price twice is not', async () => {
    expect((await quoteOf([101, LATE], [10_100, LATE])).provenance.state).toBe('suspect')
    const { provenance } = await quoteOf([101, LATE], [101, LATE])
    expect(provenance.state).not.toBe('suspect')
    expect(provenance.notes?.join() ?? '').not.toContain('twice')
  })
})
