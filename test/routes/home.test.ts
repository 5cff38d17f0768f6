import { existsSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Browser, Page } from 'playwright-core'
import { startWorld, type Api, type ApiWorld } from '../support/api.ts'

/** Debian's; its package is installed where browsers are to be tried. */
const CHROMIUM = '/usr/bin/chromium'
const HTML = 'text/html,application/xhtml+xml,*/*;q=0.8'

let world: ApiWorld
let api: Api

beforeAll(async () => {
  world = await startWorld()
  api = await world.startApi()
})
afterAll(() => world.close())

describe('the first address', () => {
  test('tells a program what this is and where things are', async () => {
    const answer = await api.get('/')
    expect([answer.status, answer.headers['vary']]).toEqual([200, 'accept'])
    const { name, version, market, links } = answer.json() as Record<string, string> & { links: Record<string, string> }
    expect({ name, market }).toEqual({ name: 'quotewire', market: 'live' })
    expect(version).toMatch(/^\d+\.\d+\.\d+/)
    for (const path of Object.values(links)) {
      expect([path, (await api.get(path, undefined, { accept: HTML })).status < 400]).toEqual([path, true])
    }
  })

  test('shows a person a page that runs nothing but what this server holds', async () => {
    const page = await api.get('/', undefined, { accept: HTML })
    expect(page.headers['content-type']).toBe('text/html; charset=utf-8')
    const policy = page.headers['content-security-policy']!
    expect(policy).toContain("default-src 'none'")
    expect(policy).not.toMatch(/unsafe|\*|https?:/)
    expect(page.body).not.toMatch(/<style|style=|<script>|\son\w+=|https?:\/\//)
    const files = [...page.body.matchAll(/(?:src|href)="(\/pages\/[^"]+)"/g)].map(([, path]) => path!)
    expect(new Set(files).size).toBe(3)
    for (const path of files) {
      const file = await api.get(path)
      expect([path, file.status, file.headers['x-content-type-options']]).toEqual([path, 200, 'nosniff'])
    }
    expect((await api.get('/pages/index.html')).status).toBe(404)
    expect((await api.get('/pages/..%2fserver.ts')).status).toBe(404)
  })
})

describe('in a browser', () => {
  const inBrowser = (name: string, work: (page: Page, url: string) => Promise<void>) =>
    test.skipIf(!existsSync(CHROMIUM))(`${name} (needs ${CHROMIUM})`, { timeout: 60_000 }, async () => {
      const { chromium } = await import('playwright-core')
      if (!api.app.server.listening) await api.app.listen({ host: '127.0.0.1', port: 0 })
      const { port } = api.app.server.address() as AddressInfo
      const browser: Browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] })
      try {
        const page = await browser.newPage()
        const failures: string[] = []
        page.on('pageerror', ({ message }) => failures.push(message))
        page.on('console', (message) => message.type() === 'error' && failures.push(message.text()))
        await work(page, `http://127.0.0.1:${port}`)
        expect(failures.filter((text) => !text.includes('401'))).toEqual([])
      } finally {
        await browser.close()
      }
    })

  inBrowser('a key opens a live table, and a wrong one is told so', async (page, url) => {
    const { key } = await api.login(['market:read', 'stream:read'])
    await page.goto(url)
    await page.getByText(/Live market · ok · version \d+\.\d+\.\d+ · up \d+/).waitFor()
    await page.getByLabel('API key').fill('wrong')
    await page.getByRole('button', { name: 'Connect' }).click()
    await page
      .getByText(/unknown|API key/)
      .last()
      .waitFor()
    await page.getByLabel('API key').fill(key)
    await page.getByRole('button', { name: 'Connect' }).click()
    await page.getByRole('row', { name: /AAPL.*231\.40 USD/ }).waitFor()
    await page.getByText(/^Connected/).waitFor()
    for (const [name, width, scheme] of [
      ['wide-light', 1200, 'light'],
      ['narrow-dark', 380, 'dark']
    ] as const) {
      await page.setViewportSize({ width, height: 800 })
      await page.emulateMedia({ colorScheme: scheme })
      const overflow = await page.evaluate('document.documentElement.scrollWidth - window.innerWidth')
      expect([name, overflow]).toEqual([name, 0])
      const folder = process.env['SCREENSHOTS']
      if (folder) await page.screenshot({ path: `${folder}/${name}.png`, fullPage: true })
    }
    expect(await page.evaluate('[localStorage.length, sessionStorage.length, document.cookie]')).toEqual([0, 0, ''])
  })

  inBrowser('the documentation carries the product’s name', async (page, url) => {
    await page.goto(`${url}/docs`)
    await page.getByRole('heading', { name: /Quotewire/ }).waitFor()
    expect(await page.title()).toBe('Quotewire API')
    expect(await page.getByText('Swagger', { exact: false }).count()).toBe(0)
    expect(await page.locator('link[rel=icon]').getAttribute('href')).toContain('icon.svg')
    const folder = process.env['SCREENSHOTS']
    if (folder) await page.screenshot({ path: `${folder}/docs.png` })
  })
})
