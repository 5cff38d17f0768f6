import { AxeBuilder } from '@axe-core/playwright'
import { existsSync } from 'node:fs'
import { chromium, type Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { asyncApi } from '../../src/hub/async-api.ts'
import { startWorld, type ApiWorld } from '../support/api.ts'

/** What the page shows as the example of each frame, by name. */
const EXAMPLES = `Object.fromEntries([...document.querySelectorAll('section pre')].map((example) => [
  example.closest('section').getAttribute('aria-labelledby'), JSON.parse(example.textContent)]))`
/** Rules of axe that say something of a page as a whole. */
const OF_WHOLE_PAGES = [
  'html-has-lang',
  'document-title',
  'landmark-one-main',
  'page-has-heading-one',
  'heading-order',
  'region',
  'landmark-unique',
  'duplicate-id-aria',
  'meta-viewport',
  'bypass'
]
type AxeResults = Awaited<ReturnType<AxeBuilder['analyze']>>
const told = ({ violations }: AxeResults) => violations.map(({ id, nodes }) => `${id} ${nodes[0]?.html}`)
const CHROMIUM = process.env.CHROMIUM_PATH ?? '/usr/bin/chromium'

describe.skipIf(!existsSync(CHROMIUM))(`in a browser (needs ${CHROMIUM})`, { timeout: 60_000 }, () => {
  let world: ApiWorld
  let url: string
  let browser: Browser

  beforeAll(async () => {
    world = await startWorld()
    const api = await world.startApi()
    ;[url, browser] = await Promise.all([
      api.app.listen({ host: '127.0.0.1', port: 0 }),
      chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] })
    ])
  }, 60_000)
  afterAll(async () => {
    await browser?.close()
    await world?.close()
  })

  /** A page with what its browser complained of: policies that were broken, errors, answers that were none. */
  async function open(path: string) {
    const page = await browser.newPage({ viewport: { width: 1280, height: 900 } })
    const complaints: string[] = []
    page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()))
    page.on('pageerror', ({ message }) => complaints.push(message))
    page.on(
      'response',
      (response) => response.status() >= 400 && complaints.push(`${response.status()} ${response.url()}`)
    )
    const answer = await page.goto(`${url}${path}`)
    return { page, complaints, policy: answer!.headers()['content-security-policy'] ?? '' }
  }

  test('the page of the REST API carries the product’s name and opens an operation; its policy allows nothing unsafe', async () => {
    const { page, complaints, policy } = await open('/docs')
    await page.getByRole('heading', { name: /Quotewire/ }).waitFor()
    expect(await page.title()).toBe('Quotewire API')
    expect(await page.getByText('Swagger', { exact: false }).count()).toBe(0)
    expect(await page.locator('link[rel=icon]').getAttribute('href')).toContain('icon.svg')
    await page
      .getByRole('button', { name: /quote\/\{symbol\}/ })
      .first()
      .click()
    await page.getByText('In any case and usual spelling').first().waitFor()
    expect(complaints).toEqual([])
    expect(policy).toContain("style-src 'self'")
    expect(policy).not.toContain('unsafe')
    if (process.env.SCREENSHOTS) await page.screenshot({ path: `${process.env.SCREENSHOTS}/docs.png` })
    await page.close()
  })

  test('the page of the live protocol shows every frame to everybody, in light and dark, wide and narrow', async () => {
    const { page, complaints, policy } = await open('/docs/live')
    const shown = await page.evaluate(EXAMPLES)
    const messages = Object.entries(asyncApi.components.messages)
    expect(shown).toEqual(Object.fromEntries(messages.map(([name, { examples }]) => [name, examples[0]!.payload])))
    await page.getByText('Example').nth(7).click()
    const whole = await new AxeBuilder({ page }).setLegacyMode().withRules(OF_WHOLE_PAGES).analyze()
    expect(told(whole)).toEqual([])
    for (const [colorScheme, width] of [
      ['light', 1280],
      ['dark', 380]
    ] as const) {
      await page.emulateMedia({ colorScheme })
      await page.setViewportSize({ width, height: 900 })
      expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true)
      // The sections of all frames are made alike: some of them are looked at.
      const looked = new AxeBuilder({ page }).setLegacyMode()
      for (const part of ['header', 'nav', 'section:has(#addresses)', 'section:has(#resumed)']) looked.include(part)
      const result = await looked.analyze()
      expect(told(result)).toEqual([])
      expect(result.passes.map(({ id }) => id)).toContain('color-contrast')
      if (process.env.SCREENSHOTS) await page.screenshot({ path: `${process.env.SCREENSHOTS}/live-${width}.png` })
    }
    expect(complaints).toEqual([])
    expect(policy).toContain("default-src 'none'")
    expect(policy).not.toContain('script')
  })
})
