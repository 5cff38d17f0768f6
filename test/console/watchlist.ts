import type { AddressInfo } from 'node:net'
import { expect, onTestFinished } from 'vitest'
import { openDoor } from '../support/door.ts'
import { quoteEvent } from '../support/events.ts'
import { inBrowser, looksRight, type ConsoleUnderTest } from './console-under-test.ts'

/** What Chromium says of a server that is not there. */
const UNREACHABLE = /net::ERR_|WebSocket connection/

export function watchlistTests(use: () => ConsoleUnderTest): void {
  inBrowser('a price that changes is there at once, with source, age and state', async () => {
    const { visit, api } = use()
    const { page } = await visit('/watchlist')
    const row = page.getByRole('row', { name: /^NVDA/ })
    await row.getByText('NVIDIA').waitFor()
    await expect.poll(() => row.innerText()).toMatch(/yahoo[\s\S]*(delayed|live|closed)/)
    const { price } = (await api.core.marketData.quote('NVDA')).value
    for (const [step, direction] of [
      [0.01, 'up'],
      [-0.02, 'down']
    ] as const) {
      const next = Number((price * (1 + step)).toFixed(2))
      api.core.intake.accept(quoteEvent('NVDA', next, { name: 'NVIDIA', change: next - price }))
      await row.getByText(next.toLocaleString('en-US', { minimumFractionDigits: 2 }), { exact: true }).waitFor()
      expect(await row.locator('[data-flash]').getAttribute('data-flash')).toContain(direction)
    }
    await row.getByText('sandbox').waitFor()
    await looksRight(page, 'watchlist')
  })

  inBrowser('what is added stays, what is no symbol is told, and what vendors write is text', async () => {
    const { visit, api } = use()
    const { page } = await visit('/watchlist')
    const input = page.getByLabel('Symbols to add')
    await input.fill('brk-b, ^gspc NOSUCH1')
    await page.keyboard.press('Enter')
    await page
      .getByRole('alert')
      .getByText(/NOSUCH1/)
      .waitFor()
    for (const symbol of ['BRK.B', '^GSPC']) await page.getByRole('link', { name: symbol, exact: true }).waitFor()
    expect(await page.getByRole('link', { name: '^GSPC' }).getAttribute('href')).toBe('/symbols/%5EGSPC')
    const name = '<img src=x onerror="throw 1">&amp; Sons'
    api.core.intake.accept(quoteEvent('BRK.B', (await api.core.marketData.quote('BRK.B')).value.price, { name }))
    await page.getByText(name, { exact: true }).waitFor()
    await page.getByRole('button', { name: 'Remove AAPL' }).click()
    await page.reload()
    await page.getByRole('link', { name: 'BRK.B', exact: true }).waitFor()
    expect(await page.getByRole('link', { name: 'AAPL', exact: true }).count()).toBe(0)
    expect(await page.evaluate('Object.keys(localStorage)')).toEqual(['quotewire.watchlist'])
  })

  inBrowser('5,000 symbols scroll, and only what is seen is on the page', async () => {
    const { visit } = use()
    const symbols = Array.from({ length: 5000 }, (_, at) => `X${at}`).with(4999, 'AAPL')
    const before = `localStorage.setItem('quotewire.watchlist', '${JSON.stringify(symbols)}')`
    const { page } = await visit('/watchlist', { before })
    await page.getByRole('link', { name: 'X0', exact: true }).waitFor()
    expect(await page.getByRole('table').getAttribute('aria-rowcount')).toBe('5001')
    await page.getByRole('table').focus()
    await page.keyboard.press('End')
    await page.getByRole('row', { name: /AAPL.*Apple/ }).waitFor()
    expect(await page.getByRole('row').count()).toBeLessThan(60)
  })

  inBrowser('ages are told by the clock of the server, however wrong the one of this machine is', async () => {
    const before = 'const now = Date.now; Date.now = () => now() + 3_600_000'
    const { page } = await use().visit('/watchlist', { before })
    const row = page.getByRole('row', { name: /^AAPL/ })
    await row.getByText('yahoo').waitFor()
    await expect.poll(() => row.locator('.age-cell').innerText()).toMatch(/^(now|\d+ s)$/)
  })

  inBrowser('a server that is gone is told, and what changed meanwhile is there once another one answers', async () => {
    const { visit, api, url, world, sandbox } = use()
    const door = await openDoor()
    onTestFinished(() => door.close())
    const port = Number(new URL(url).port)
    door.moveTo(port)
    const { page } = await visit('/watchlist', { at: `http://127.0.0.1:${door.port}`, expectedProblems: UNREACHABLE })
    const row = page.getByRole('row', { name: /^MSFT/ })
    await row.getByText('yahoo').waitFor()
    door.moveTo(1)
    door.cut()
    await page.getByText(/Not connected.*as it was \d+ s ago/).waitFor()
    const { price } = (await api.core.marketData.quote('MSFT')).value
    const next = Number((price * 1.015).toFixed(2))
    api.core.intake.accept(quoteEvent('MSFT', next))
    const other = await world.startApi({ MARKET: 'sandbox', SANDBOX_URL: sandbox.url })
    await other.app.listen({ host: '127.0.0.1', port: 0 })
    door.moveTo((other.app.server.address() as AddressInfo).port)
    await page.getByText(/Connected again after/).waitFor()
    await row.getByText(next.toLocaleString('en-US', { minimumFractionDigits: 2 }), { exact: true }).waitFor()
  })
}
