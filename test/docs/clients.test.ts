import { existsSync } from 'node:fs'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test, vi } from 'vitest'
import { startWorld } from '../support/api.ts'
import { quoteEvent } from '../support/events.ts'

const CHROMIUM = process.env.CHROMIUM_PATH ?? '/usr/bin/chromium'

test.skipIf(!existsSync(CHROMIUM))(
  `a page of another origin fills its table by the printed example, and comes back after a restart (needs ${CHROMIUM})`,
  { timeout: 60_000 },
  async () => {
    const [, html] = /```html browser\n([\s\S]*?)```/.exec(await readFile('docs/clients.md', 'utf8'))!
    const pages = createServer((_request, response) => {
      response.setHeader('content-type', 'text/html; charset=utf-8')
      response.end(html)
    })
    await once(pages.listen(0, '127.0.0.1'), 'listening')
    onTestFinished(() => void pages.close())
    const origin = `http://127.0.0.1:${(pages.address() as AddressInfo).port}`

    const world = await startWorld()
    onTestFinished(() => world.close())
    const start = async (port: number) => {
      const api = await world.startApi({ CORS_ORIGINS: origin })
      const url = await api.app.listen({ host: '127.0.0.1', port })
      return { api, url }
    }
    const { api, url } = await start(0)
    const { key } = await api.login(['market:read', 'stream:read'])

    const { chromium } = await import('playwright-core')
    const browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] })
    onTestFinished(() => browser.close())
    const page = await browser.newPage()
    const failures: string[] = []
    page.on('pageerror', ({ message }) => failures.push(message))
    await page.goto(`${origin}/?server=${encodeURIComponent(url)}`)
    await page.getByPlaceholder('qw_…').fill(key)
    await page.getByRole('button').click()
    await page.getByText(/^AAPL 231/).waitFor()
    await api.core.eventLog.append([quoteEvent('AAPL', 777)])
    await page.getByText('AAPL 777').waitFor()

    await api.app.close()
    await start(Number(new URL(url).port))
    await vi.waitFor(
      async () => {
        await api.core.eventLog.append([quoteEvent('AAPL', 888)])
        expect(await page.textContent('#quotes')).toContain('AAPL 888')
      },
      { timeout: 20_000, interval: 200 }
    )
    expect(failures).toEqual([])
  }
)
