import { expect } from 'vitest'
import { inBrowser, looksRight, type ConsoleUnderTest } from './console-under-test.ts'

export function shellTests(use: () => ConsoleUnderTest): void {
  inBrowser(
    'what one types is found, chosen by the keyboard, and opened at an address that can be shared',
    async () => {
      const { visit, url } = use()
      const { page } = await visit('/about')
      await page.getByRole('heading', { name: 'About Quotewire' }).waitFor()
      await looksRight(page, 'about')
      await page.keyboard.press('/')
      await page.keyboard.type('berkshire')
      await page.getByRole('option', { name: /BRK\.B/ }).waitFor()
      await page.keyboard.press('Enter')
      await expect.poll(() => page.url()).toMatch(`${url}/symbols/BRK.`)
      await page.goBack()
      await page.getByRole('heading', { name: 'About Quotewire' }).waitFor()
    }
  )

  inBrowser('an address that leads nowhere says so, and a theme that was chosen stays', async () => {
    const { visit, api } = use()
    const mistyped = await api.get('/watchlists', undefined, { accept: 'text/html' })
    expect([mistyped.status, mistyped.body.includes('<qw-console>')]).toEqual([404, true])
    expect((await api.get('/watchlists')).json()).toMatchObject({ error: { code: 'ROUTE_NOT_FOUND' } })
    const { page } = await visit('/operations/nothing/here')
    await page.getByRole('heading', { name: 'There is no such page' }).waitFor()
    const ground = () => page.evaluate<string>('getComputedStyle(document.body).backgroundColor')
    const light = await ground()
    await page.getByRole('button', { name: 'Switch to the dark theme' }).click()
    await expect.poll(ground).not.toBe(light)
    const dark = await ground()
    await page.reload()
    expect(await ground()).toBe(dark)
  })
}
