import { expect } from 'vitest'
import { LiveClient } from '../support/live-client.ts'
import { inBrowser, looksRight, type ConsoleUnderTest } from './console-under-test.ts'

export function operationsTests(use: () => ConsoleUnderTest): void {
  inBrowser(
    'operators see providers, caches and clients, end a connection, and run jobs; what does not fit is refused in words',
    async () => {
      const { visit, api, key, url } = use()
      await api.get('/api/v1/market/quote/AAPL', await key())
      const path = '/api/v1/market/ws/stock-quotes'
      const client = new LiveClient(url.replace('http', 'ws') + path, [], { headers: { 'x-api-key': await key() } })
      await client.frame('welcome')
      const { page } = await visit('/operations', { expectedProblems: /status of 400/ })
      const panel = (name: string) => page.getByRole('region', { name, exact: true })
      const yahoo = panel('Providers').getByRole('row', { name: /^yahoo/ })
      await yahoo.getByText('requests a minute', { exact: false }).first().waitFor()
      await panel('Freshness against targets').getByRole('row').nth(1).waitFor()
      await panel('Gaps').getByText('No gap').waitFor()
      await panel('WebSocket clients').getByText('Connections', { exact: true }).waitFor()
      const connection = panel('Connections')
        .getByRole('row', { name: /^user-.* websocket 127\.0\.0\.1/ })
        .first()
      await connection.waitFor()
      await looksRight(page, 'operations')

      await connection.getByRole('button', { name: /^End the websocket connection of / }).click()
      expect(await client.closing()).toMatchObject({ code: 4007 })
      await page.getByText(/The websocket connection of .* was ended/).waitFor()

      await page.getByRole('button', { name: 'Run now: refresh-indices' }).click()
      await page.getByText('refresh-indices waits for a worker').waitFor()
      const waiting = await api.core.queues.queues.live.getJobs(['waiting', 'prioritized'])
      expect(waiting.map(({ name }) => name)).toContain('refresh-indices')

      await page.getByRole('button', { name: 'Run now: backfill-history' }).click()
      const dialog = page.getByRole('dialog', { name: 'Run backfill-history' })
      await dialog.getByLabel('symbols').fill('AAPL, BRK.B')
      await dialog.getByLabel('from').fill('2026-11-02')
      await dialog.getByLabel('to optional').fill('2026-11-01')
      await dialog.getByRole('button', { name: 'Run now' }).click()
      await dialog.getByText('to must not be before from').waitFor()
      await dialog.getByLabel('to optional').fill('2026-11-03')
      await dialog.getByRole('button', { name: 'Run now' }).click()
      await page.getByText('backfill-history waits for a worker').waitFor()
      const [task] = await api.core.queues.queues.maintenance.getJobs(['waiting', 'prioritized'])
      const payload = { symbols: ['AAPL', 'BRK.B'], interval: '1m', from: '2026-11-02', to: '2026-11-03' }
      expect(task).toMatchObject({ name: 'backfill-history', data: payload })
      const done = await api.core.stores.audit.list({ limit: 3 })
      expect(done.map(({ action, target }) => `${action} ${target}`)).toContain('job.run backfill-history')
    }
  )

  inBrowser('a key that may not see it is told so', async () => {
    const { visit } = use()
    const { page } = await visit('/operations', { scopes: ['market:read', 'stream:read'] })
    await page.getByRole('heading', { name: 'Your key does not grant admin:read' }).waitFor()
    expect(await page.getByRole('link', { name: 'Operations' }).count()).toBe(0)
  })
}
