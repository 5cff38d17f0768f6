import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import type { ConsoleUnderTest } from './console-under-test.ts'

const HTML = 'text/html,application/xhtml+xml,*/*;q=0.8'
const MAX_COMPRESSED_BYTES = 200_000

export function fileTests(use: () => ConsoleUnderTest): void {
  test('come from this server alone, under a policy without exceptions, at every address of the console', async () => {
    const { api } = use()
    const first = await api.get('/', undefined, { accept: HTML })
    expect([first.status, first.headers['content-type']]).toEqual([200, 'text/html; charset=utf-8'])
    const policy = first.headers['content-security-policy']!
    expect(policy).toContain("default-src 'none'")
    expect(policy).not.toMatch(/unsafe|\*|https?:|data:/)
    expect(first.body).not.toMatch(/<style|style=|<script>|\son\w+=|https?:\/\//)
    for (const path of ['/watchlist', '/symbols/%5EGSPC', '/symbols/BTC%2FUSD', '/operations', '/sign-in?next=/']) {
      expect((await api.get(path, undefined, { accept: HTML })).body).toBe(first.body)
    }
    expect((await api.get('/')).json()).toMatchObject({ name: 'quotewire' })
  })

  test('are kept for ever by a browser, and are no way to other files of the server', async () => {
    const { api } = use()
    const { body } = await api.get('/', undefined, { accept: HTML })
    const [entry] = /\/console\/\w+\/console\/main\.ts/.exec(body)!
    const answer = await api.get(entry)
    expect(answer.headers).toMatchObject({
      'content-type': 'text/javascript; charset=utf-8',
      'cache-control': 'public, max-age=31536000, immutable',
      'x-content-type-options': 'nosniff'
    })
    const root = entry.slice(0, -'console/main.ts'.length)
    for (const path of [
      'server.ts',
      'config/config.ts',
      'console/../server.ts',
      'console%2f..%2fserver.ts',
      'package.json'
    ])
      expect([path, (await api.get(root + path)).status]).toEqual([path, 404])
    expect((await api.get('/console/000000000000/console/main.ts')).status).toBe(404)
  })

  test('are less than 200 KB in all as they are sent', async () => {
    const { api } = use()
    const { body } = await api.get('/', undefined, { accept: HTML })
    const seen = new Set<string>()
    const sizes: Record<string, number> = {}
    const read = async (path: string): Promise<void> => {
      if (seen.has(path)) return
      seen.add(path)
      const file = await api.get(path)
      expect([path, file.status]).toEqual([path, 200])
      sizes[path] = gzipSync(file.body).byteLength
      for (const [, specifier] of file.body.matchAll(/(?:from|import)\s*\(?['"](\.[^'"]+)['"]/g))
        await read(new URL(specifier!, `http://a${path}`).pathname)
    }
    for (const [, path] of body.matchAll(/(?:href|src)="(\/console\/[^"]+)"/g)) await read(path!)
    const total = Object.values(sizes).reduce((sum, size) => sum + size, 0)
    expect(seen.size).toBeGreaterThan(20)
    expect(total).toBeLessThan(MAX_COMPRESSED_BYTES)
    for (const [accepted, encoding] of [
      ['gzip', 'gzip'],
      ['gzip, br;q=0', 'gzip'],
      ['gzip, br ; q=0.000', 'gzip'],
      ['gzip;q=0.5, br;q=0.8', 'br'],
      ['gzip ; q=0', undefined]
    ] as const) {
      const sent = await api.get([...seen][0]!, undefined, { 'accept-encoding': accepted })
      expect([accepted, sent.headers['content-encoding']]).toEqual([accepted, encoding])
    }
  })
}
