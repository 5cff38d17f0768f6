import { expect } from 'vitest'
import { inBrowser, looksRight, type ConsoleUnderTest } from './console-under-test.ts'

export function overviewTests(use: () => ConsoleUnderTest): void {
  inBrowser('shows indices, sectors, sentiment, movers and sessions, each with where it comes from', async () => {
    const { visit } = use()
    const { page } = await visit('/')
    const region = (name: string) => page.getByRole('region', { name })
    await region('Indices').getByRole('link').first().waitFor()
    expect(await region('Indices').getByRole('link').count()).toBe(15)
    expect(await region('US sectors').getByRole('listitem').count()).toBe(11)
    expect(await region('Gainers').getByRole('row').count()).toBeGreaterThan(5)
    await region('Sentiment')
      .getByRole('img', { name: /of 100/ })
      .waitFor()
    await region('News').getByRole('listitem').first().waitFor()
    expect(await region('News').getByRole('listitem').count()).toBe(8)
    await region('Sessions')
      .getByText(/(opens|closes) in/)
      .first()
      .waitFor()
    for (const name of ['Indices', 'US sectors', 'Sentiment', 'Gainers', 'News'])
      await region(name)
        .locator('.provenance')
        .getByText(/live|closed|delayed/)
        .waitFor()
    await looksRight(page, 'overview')
  })
}
