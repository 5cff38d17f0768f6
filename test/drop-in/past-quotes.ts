import { marketData } from '@alpacahq/alpaca-trade-api'
import { restClient } from '@massive.com/client-js'
import { expect, test } from 'vitest'
import { rememberedQuotes } from './persisted.ts'
import type { Stage } from './stage.ts'

/** The vendors' own clients read what their streams quoted, from the vendors and from this server. */
export function pastQuotes(on: () => Stage): void {
  test('past quotes of Alpaca are those that its stream told, page by page', async () => {
    const quotes = await rememberedQuotes(on(), 'AAPL')
    // The client asks by milliseconds, and both ends are included.
    const [start, end] = [new Date(quotes[0]!.asOf), new Date(Date.parse(quotes.at(-1)!.asOf) + 1)]
    const ask = async (basePath: string, secret: string) => {
      const stocks = new marketData.StockApi(new marketData.Configuration({ basePath, keyId: 'AK', secret }))
      const told: unknown[] = []
      for (let pageToken: string | undefined, first = true; first || pageToken; first = false) {
        const more = pageToken === undefined ? {} : { pageToken }
        const page = await stocks.stockQuotes({ symbols: 'AAPL,ZZZZ', start, end, limit: 3, ...more })
        told.push(...(page.quotes['AAPL'] ?? []))
        pageToken = page.nextPageToken ?? undefined
      }
      return told
    }
    const { sandbox, authority, key } = on()
    const theirs = await ask(`${sandbox.url}/alpaca`, 'SK')
    expect(theirs.length).toBeGreaterThan(3)
    expect(await ask(`http://${authority}/drop-in/alpaca`, key)).toEqual(theirs)
  })

  test('past quotes of Massive are those that its stream told', async () => {
    const quotes = await rememberedQuotes(on(), 'MSFT')
    const nanos = (asOf: string) => `${Date.parse(asOf)}000000`
    const range = { timestampGte: nanos(quotes[0]!.asOf), timestampLt: nanos(quotes.at(-1)!.asOf) }
    const asked = { stockTicker: 'MSFT', ...range, order: 'asc' as never }
    const { sandbox, authority, key } = on()
    const theirs = (await restClient('K', `${sandbox.url}/massive`).getStocksQuotes(asked)).results
    expect(theirs).toHaveLength(quotes.length - 1)
    expect((await restClient(key, `http://${authority}/drop-in/massive`).getStocksQuotes(asked)).results).toEqual(
      theirs
    )
  })
}
