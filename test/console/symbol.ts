import type { Locator } from 'playwright-core'
import { expect } from 'vitest'
import type { BarUpdate, TradeReport } from '../../src/market/event.ts'
import type { QuoteProvenance } from '../../src/market/quote-provenance.ts'
import type { Trade } from '../../src/market/trade.ts'
import { quoteEvent, quoteOf, tradeEvent } from '../support/events.ts'
import { inBrowser, looksRight, WIDE_LIGHT, type ConsoleUnderTest } from './console-under-test.ts'

const MARKUP = '<img src=x onerror="throw 1"> & Sons'
const priceText = (price: number) => price.toLocaleString('en-US', { minimumFractionDigits: 2 })
const priceOf = async ({ api }: ConsoleUnderTest, symbol: string) =>
  (await api.core.marketData.quote(symbol)).value.price

/** A bar of the minute that runs, as the process that makes bars of trades tells it. */
function runningBar(symbol: string, close: number): BarUpdate {
  const { provenance } = quoteOf(symbol, close)
  const start = new Date(Math.floor(Date.now() / 60_000) * 60_000).toISOString()
  const bar = { start, open: close, high: close, low: close, close, volume: 500 }
  const timestamp = new Date().toISOString()
  const data = {
    symbol,
    interval: '1m' as const,
    bar,
    state: 'provisional' as const,
    revision: 0,
    provenance,
    timestamp
  }
  return { type: 'bar_update', data }
}

/** A streamed price beside which another vendor's bid and ask stand. */
function withOthers(symbol: string): QuoteProvenance {
  const { provenance, asOf } = quoteOf(symbol, 1)
  return { ...provenance, parts: [{ source: 'massive', feed: 'consolidated', asOf, groups: ['book'] }] }
}

/** What the tape tells of a trade that it told before. */
function replacementOf({ trade }: TradeReport['data']): Trade & { replaces: Pick<Trade, 'tradeDate' | 'sequence'> } {
  const now = new Date().toISOString()
  return { ...trade, asOf: now, receivedAt: now, sequence: trade.sequence + 1000, replaces: trade }
}

/** Whether all of a cell's width is within what is seen of a table that scrolls. */
async function isWithin(scrolled: Locator, cell: Locator): Promise<boolean> {
  const [outer, inner] = [await scrolled.boundingBox(), await cell.boundingBox()]
  if (!outer || !inner) return false
  return inner.x >= outer.x - 1 && inner.x + inner.width <= outer.x + outer.width + 1
}

export function symbolTests(use: () => ConsoleUnderTest): void {
  inBrowser('the chart shows the newest price that the server has, and trades appear and are corrected', async () => {
    const { visit, api } = use()
    const { page } = await visit('/symbols/aapl?tab=options')
    const { intake } = api.core
    const figure = (name: string) => page.locator(`[data-figure="${name}"]`)
    const shown = (locator: Locator) => expect.poll(() => locator.innerText().catch(() => ''))
    await figure('close').waitFor()
    expect(page.url()).toMatch(/\/symbols\/AAPL\?tab=options$/)
    const price = await priceOf(use(), 'AAPL')
    const newer = Number((price * 1.01).toFixed(2))
    await expect
      .poll(() => {
        intake.accept(quoteEvent('AAPL', newer, { marketState: 'regular', provenance: withOthers('AAPL') }))
        return figure('price').innerText()
      })
      .toBe(priceText(newer))
    await shown(figure('close')).toBe(priceText(newer))
    await page.getByRole('list', { name: 'Figures of other sources' }).getByText('Bid and ask: massive').waitFor()
    expect(await figure('price').getAttribute('data-flash')).toMatch(/up|down/)
    const later = Number((price * 1.02).toFixed(2))
    await expect
      .poll(() => {
        intake.accept(runningBar('AAPL', later))
        return figure('close').innerText()
      })
      .toBe(priceText(later))

    const [kept, wrong, gone] = [newer, newer + 1, newer + 2].map((each) => tradeEvent('AAPL', each, 7))
    for (const event of [kept!, wrong!, gone!]) intake.accept(event)
    const row = (text: string) => page.getByRole('group', { name: 'Newest trades' }).getByRole('row', { name: text })
    await row(priceText(gone!.data.trade.price)).waitFor()
    const { timestamp, symbol } = gone!.data
    const correction = { ...replacementOf(wrong!.data), price: newer + 3 }
    intake.accept({ type: 'trade_correction', data: { symbol, timestamp, correction } })
    const { price: _, size: __, ...cancel } = replacementOf(gone!.data)
    intake.accept({ type: 'trade_cancel', data: { symbol, timestamp, cancel } })
    await row(priceText(newer + 3))
      .getByText('corrected')
      .waitFor()
    await row(priceText(gone!.data.trade.price)).getByText('cancelled').waitFor()
    for (const label of ['SMA 20', 'RSI 14']) {
      await page.locator('.choice summary').click()
      await page.getByLabel(label).check()
      await page.locator('.choice summary').click()
    }
    await page.getByText(/RSI 14 \d/).waitFor()
    const older = page.waitForRequest(/historical\/AAPL\?.*\bto=/)
    await page.getByLabel(/^Candles of AAPL/).press('Home')
    await older
    await page.getByLabel(/^Candles of AAPL/).press('ArrowLeft')
    await page.getByRole('button', { name: '1d', exact: true }).click()
    await page.getByText('Session dates').waitFor()
    await page.getByRole('group', { name: 'Option chain' }).getByRole('rowheader').first().waitFor()
    await looksRight(page, 'symbol')
    const chain = page.getByRole('group', { name: 'Option chain' })
    for (const end of ['0', '1e6']) {
      await chain.evaluate(`(chain) => { chain.scrollLeft = ${end} }`)
      await expect.poll(() => isWithin(chain, chain.getByRole('rowheader').first())).toBe(true)
    }
  })

  inBrowser('who it is, what is written, its figures, options and why its value was chosen are told', async () => {
    const { visit, api } = use()
    const { page } = await visit('/symbols/BRK.B?tab=explain')
    const panel = (name: string) => page.getByRole('region', { name, exact: true })
    await panel('Why this value').getByRole('row', { name: /yahoo/ }).getByText('answered').waitFor()
    for (const name of ['fmp', 'tiingo']) await panel('Why this value').getByRole('row', { name }).waitFor()
    await looksRight(page, 'explain', WIDE_LIGHT)
    await page.getByRole('tab', { name: 'Why this value' }).press('ArrowLeft')
    await panel('Options').getByRole('rowheader').first().waitFor()
    await page.getByRole('tab', { name: 'Options' }).press('ArrowLeft')
    await panel('Fundamentals')
      .getByRole('row', { name: /^Revenue/ })
      .waitFor()
    await looksRight(page, 'fundamentals', WIDE_LIGHT)
    await page.getByRole('tab', { name: 'News' }).click()
    await panel('News')
      .getByText(/^(good|bad|neutral) /)
      .first()
      .waitFor()
    await looksRight(page, 'news', WIDE_LIGHT)
    await page.getByRole('tab', { name: 'Profile' }).click()
    await panel('Profile').getByText('Sector').waitFor()
    expect(page.url()).toMatch(/\?tab=profile$/)
    api.core.intake.accept(quoteEvent('BRK.B', await priceOf(use(), 'BRK.B'), { name: MARKUP }))
    await page.getByText(MARKUP, { exact: true }).waitFor()
  })

  inBrowser('a vendor that dies is told in its panel alone; an index and an unknown name have pages too', async () => {
    const { visit, sandbox } = use()
    const { page } = await visit('/symbols/%5EGSPC', { expectedProblems: /status of (404|503)/ })
    await page.locator('[data-figure="close"]').waitFor()
    await page.getByRole('heading', { name: '^GSPC' }).waitFor()
    const ends = ['options', 'OPTIONS'].map((path) =>
      sandbox.scenario({ vendor: 'all', scenario: 'server_error', path })
    )
    await page.goto(`${use().url}/symbols/MSFT?tab=options`)
    await page.getByRole('heading', { name: 'Options cannot be shown' }).waitFor()
    await page.locator('[data-figure="close"]').waitFor()
    for (const end of ends) end()
    await page.goto(`${use().url}/symbols/NOSUCH9`)
    await page.getByRole('heading', { name: 'There is no NOSUCH9' }).waitFor()
  })
}
