import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { checkImports } from './import-rules.ts'
import { privateFolder } from './folders.ts'

/** A tree with these files, where each imports what is given. */
async function violationsOf(files: Record<string, string>): Promise<string[]> {
  const root = await privateFolder()
  for (const [path, imported] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true })
    await writeFile(join(root, path), `import { x } from '${imported}'\n`)
  }
  const { modules, violations } = await checkImports(root)
  expect(modules).toBe(Object.keys(files).length)
  return violations
}

test.each([
  ['src/market/quote.ts', '../timeout.ts', 'src/timeout.ts'],
  ['src/redis/script.ts', '../market/time.ts', 'src/market/time.ts'],
  ['src/providers/yahoo/client.ts', '../../redis/script.ts', 'src/redis/script.ts'],
  ['src/cache/redis-tier.ts', '../gateway/gateway.ts', 'src/gateway/gateway.ts'],
  ['src/gateway/ledger.ts', '../cache/redis-tier.ts', 'src/cache/redis-tier.ts'],
  ['src/log/source.ts', '../intake/intake.ts', 'src/intake/intake.ts'],
  ['src/intake/intake.ts', '../hub/hub.ts', 'src/hub/hub.ts'],
  ['src/hub/hub.ts', '../market-data/overview.ts', 'src/market-data/overview.ts'],
  ['src/demand/leases.ts', '../jobs/queue.ts', 'src/jobs/queue.ts'],
  ['src/market-data/overview.ts', '../intake/intake.ts', 'src/intake/intake.ts'],
  ['src/routes/health.ts', '../metrics/metrics.ts', 'src/metrics/metrics.ts'],
  ['src/routes/jobs.ts', '../jobs/queue.ts', 'src/jobs/queue.ts'],
  ['src/routes/quotes.ts', '../providers/http.ts', 'src/providers/http.ts'],
  ['src/routes/quotes.ts', '../../db/client.ts', 'db/client.ts'],
  ['src/plugins/openapi.ts', '../routes/quotes.ts', 'src/routes/quotes.ts'],
  ['src/plugins/console.ts', '../console/router.ts', 'src/console/router.ts'],
  ['src/console/session.ts', '../auth/sessions.ts', 'src/auth/sessions.ts'],
  ['src/embedded/redis.ts', '../config/config.ts', 'src/config/config.ts'],
  ['workers/worker.ts', '../src/auth/tokens.ts', 'src/auth/tokens.ts'],
  ['db/quotes.ts', '../src/hub/hub.ts', 'src/hub/hub.ts'],
  ['src/core.ts', '../workers/worker.ts', 'workers/worker.ts']
])('%s is not let import %s', async (from, specifier, target) => {
  expect(await violationsOf({ [from]: specifier })).toEqual([`${from} must not import ${target}`])
})

test.each([
  ['src/redis/connections.ts', '../timeout.ts'],
  ['src/cache/redis-tier.ts', '../redis/script.ts'],
  ['src/gateway/ledger.ts', '../redis/script.ts'],
  ['src/log/redis/source.ts', '../../redis/script.ts'],
  ['src/hub/lag-histogram.ts', '../histogram.ts'],
  ['src/embedded/redis.ts', '../timeout.ts'],
  ['src/routes/health.ts', '../metrics/dependency-checks.ts']
])('%s may import %s', async (from, specifier) => {
  expect(await violationsOf({ [from]: specifier })).toEqual([])
})

test('a library is imported by its owner alone, and a folder is named after what it holds', async () => {
  expect(await violationsOf({ 'src/routes/quotes.ts': 'drizzle-orm' })).toEqual([
    'src/routes/quotes.ts must not import drizzle-orm; it belongs to db'
  ])
  expect(await violationsOf({ 'src/market/utils/time.ts': './dates.ts' })).toEqual([
    'src/market/utils/time.ts: name the file and its folder after what they hold (no utils, helpers, common, index)'
  ])
})

test('modules that import each other are named as a cycle', async () => {
  const found = await violationsOf({ 'src/market/a.ts': './b.ts', 'src/market/b.ts': './a.ts' })
  expect(found).toEqual(['cycle: src/market/a.ts -> src/market/b.ts -> src/market/a.ts'])
})
