import { existsSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { AxeBuilder } from '@axe-core/playwright'
import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core'
import { expect, onTestFinished, test } from 'vitest'
import type { Scope } from '../../src/auth/principal.ts'
import { startSandbox, type Sandbox } from '../../src/sandbox/sandbox.ts'
import { PATIENCE } from '../routes/market-under-test.ts'
import { startWorld, type Api, type ApiWorld } from '../support/api.ts'

/** Debian's; its package is installed where browsers are to be tried. */
const CHROMIUM = process.env.CHROMIUM_PATH ?? '/usr/bin/chromium'
const ALL_SCOPES: readonly Scope[] = ['market:read', 'stream:read', 'admin:read', 'admin:write']
const PATIENCE_MS = 10_000
/** What a page has to look right in. Of each theme and each width all rules are tried once, and contrast always. */
const LOOKS = [
  { name: 'wide-light', width: 1440, height: 900, colorScheme: 'light', rules: 'all' },
  { name: 'wide-dark', width: 1440, height: 900, colorScheme: 'dark', rules: 'contrast' },
  { name: 'narrow-dark', width: 390, height: 844, colorScheme: 'dark', rules: 'all' },
  { name: 'narrow-light', width: 390, height: 844, colorScheme: 'light', rules: 'contrast' }
] as const

type Look = (typeof LOOKS)[number]
export const WIDE_LIGHT: readonly Look[] = LOOKS.slice(0, 1)

export type Visit = {
  page: Page
  /** What the page logged as an error and threw, with what the policy refused; must be empty when the test ends. */
  problems: string[]
}

export type VisitOptions = {
  /** None: a browser that is not signed in. */
  scopes?: readonly Scope[]
  key?: string
  /** What the browser itself says of failures that the test brings about. */
  expectedProblems?: RegExp
  /** Where the server is reached, if not at its own address. */
  at?: string
  /** Runs in the page before anything of its own. */
  before?: string
}

/** One server and one browser for all tests of the folder. */
export type ConsoleUnderTest = {
  readonly url: string
  readonly world: ApiWorld
  readonly api: Api
  readonly sandbox: Sandbox
  /** Opens an address, in a browser that keeps nothing of former visits and is signed in unless `scopes` is empty. */
  readonly visit: (path: string, options?: VisitOptions) => Promise<Visit>
  /** A key of a new user. */
  readonly key: (scopes?: readonly Scope[]) => Promise<string>
  close(): Promise<void>
}

/** A test in a browser. Where there is none, it is skipped and its name says why. */
export const inBrowser = (name: string, work: () => Promise<void>): void => {
  test.skipIf(!existsSync(CHROMIUM))(`${name} (needs ${CHROMIUM})`, { timeout: 60_000 }, work)
}

export async function startConsole(): Promise<ConsoleUnderTest> {
  const sandbox = await startSandbox()
  const world = await startWorld()
  const api = await world.startApi({
    MARKET: 'sandbox',
    SANDBOX_URL: sandbox.url,
    RATE_LIMIT_PER_MINUTE: '100000',
    ...PATIENCE,
    TRUST_PROXY: 'true'
  })
  await api.app.listen({ host: '127.0.0.1', port: 0 })
  const url = `http://127.0.0.1:${(api.app.server.address() as AddressInfo).port}`
  let browser: Browser | undefined
  let context: BrowserContext | undefined
  let visits = 0

  const key = async (scopes: readonly Scope[] = ALL_SCOPES) => (await api.login(scopes)).key
  return {
    url,
    world,
    api,
    sandbox,
    key,
    async visit(path, { scopes = ALL_SCOPES, expectedProblems, key: given, at = url, before } = {}) {
      browser ??= await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] })
      // What it has loaded and compiled serves the next visit too.
      context ??= await browser.newContext({ viewport: { width: 1440, height: 900 } })
      context.setDefaultTimeout(PATIENCE_MS)
      await context.setStorageState({ cookies: [], origins: [] })
      if (scopes.length > 0) {
        // There are more visits than one address may sign in for in a minute.
        visits++
        await signIn(context, { url, address: `198.51.100.${visits}` }, given ?? (await key(scopes)))
      }
      const page = await context.newPage()
      if (before !== undefined) await page.addInitScript(before)
      const problems: string[] = []
      page.on('pageerror', ({ message }) => problems.push(message))
      page.on('console', (message) => message.type() === 'error' && problems.push(message.text()))
      onTestFinished(async () => {
        await page.close()
        expect(problems.filter((text) => !expectedProblems?.test(text))).toEqual([])
      })
      await page.goto(at + path)
      return { page, problems }
    },
    async close() {
      await browser?.close()
      await world.close()
      await sandbox.close()
    }
  }
}

/** By the route that the sign-in page uses: the browser then holds the cookie. */
async function signIn(context: BrowserContext, from: { url: string; address: string }, apiKey: string): Promise<void> {
  const answer = await context.request.post(`${from.url}/api/v1/auth/session`, {
    data: { apiKey },
    headers: { origin: from.url, 'x-forwarded-for': from.address }
  })
  expect(answer.status()).toBe(200)
}

/**
 * Looks at what a page shows now in both themes, wide and narrow: nothing may be wider than the window, and axe must find no
 * fault. SCREENSHOTS names a folder for pictures of it. What differs little from what was looked at already is looked at in
 * one of the `looks`.
 */
export async function looksRight(page: Page, name: string, looks: readonly Look[] = LOOKS): Promise<void> {
  for (const { name: look, width, height, colorScheme, rules } of looks) {
    await page.setViewportSize({ width, height })
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
    const tooWide = await page.evaluate<number>('document.documentElement.scrollWidth - innerWidth')
    const faults = await faultsOf(page, rules)
    expect({ look, tooWide, faults }).toEqual({ look, tooWide: 0, faults: [] })
    const folder = process.env['SCREENSHOTS']
    if (folder) await page.screenshot({ path: `${folder}/${name}-${look}.png`, fullPage: true })
  }
}

async function faultsOf(page: Page, rules: 'all' | 'contrast'): Promise<string[]> {
  // What is in order is not described: that is a quarter of axe's work.
  const axe = new AxeBuilder({ page }).setLegacyMode().options({ resultTypes: ['violations'], selectors: false })
  const { violations } = await (rules === 'contrast' ? axe.withRules('color-contrast') : axe).analyze()
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join('; ')}`)
}
