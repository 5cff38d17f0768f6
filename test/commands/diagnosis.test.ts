import { createServer } from 'node:http'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { delimiter, join } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import { loadConfig } from '../../src/config/config.ts'
import { diagnose } from '../../src/commands/diagnosis.ts'
import { startPostgres } from '../../src/embedded/postgres.ts'
import { vendorsOutOfReach } from '../../src/commands/reach.ts'
import { privateFolder, PROGRAMS_HOME } from '../support/folders.ts'
import { testDatabase, testRedis } from '../support/services.ts'

async function environment(extra: NodeJS.ProcessEnv = {}): Promise<NodeJS.ProcessEnv> {
  const [home, database, redis] = await Promise.all([privateFolder(), testDatabase(), testRedis()])
  onTestFinished(async () => {
    await Promise.all([database.close(), redis.close()])
  })
  return { QUOTEWIRE_HOME: home, DATABASE_URL: database.url, REDIS_URL: redis.url, ...extra }
}

async function stateOf(env: NodeJS.ProcessEnv, now?: () => number): Promise<Record<string, string>> {
  const findings = await diagnose(env, now)
  return Object.fromEntries(findings.map(({ check, state, detail }) => [check, `${state}: ${detail}`]))
}

/** A vendor that is somewhere, and whose clock says what ours does. */
async function vendor(): Promise<string> {
  const server = createServer((_request, response) => response.writeHead(404).end()).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

test('finds nothing wrong where nothing is', async () => {
  const findings = await diagnose(await environment())
  expect(findings.filter(({ state }) => state !== 'ok')).toEqual([])
  expect(findings.map(({ check }) => check)).toEqual(
    expect.arrayContaining(['Node.js', 'Configuration', 'Home', 'Postgres', 'Database schema', 'Redis', 'Sandbox'])
  )
})

test('names services that do not answer, without their passwords', async () => {
  const env = { DATABASE_URL: 'postgres://user:hidden@127.0.0.1:1/x', REDIS_URL: 'redis://:hidden@127.0.0.1:1' }
  const states = await stateOf(await environment(env))
  expect(states.Postgres).toBe('problem: DATABASE_URL does not answer: ECONNREFUSED')
  expect(states.Redis).toBe('problem: REDIS_URL does not answer: ECONNREFUSED')
})

test('names a Kafka that does not answer', async () => {
  const env = { LOG: 'kafka', KAFKA_BROKERS: '127.0.0.1:1', KAFKA_USERNAME: 'ann', KAFKA_PASSWORD: 'hidden' }
  const states = await stateOf(await environment(env))
  expect(states['Kafka']).toBe('problem: KAFKA_BROKERS do not answer: ECONNREFUSED')
})

test('names a setting that was misspelt, and what was probably meant', async () => {
  const findings = await diagnose(await environment({ CORS_ORIGIN: 'https://dashboard.example.com' }))
  expect(findings).toContainEqual({
    check: 'Configuration',
    state: 'note',
    detail: 'CORS_ORIGIN is not a setting and does nothing; CORS_ORIGINS was probably meant'
  })
})

test.each([
  ['2.23.3', 'note'],
  ['v2.24.4', 'ok'],
  ['2.40.3-desktop.1', 'ok']
])('says whether Docker Compose %s can run the composition', async (version, state) => {
  const programs = await privateFolder()
  await writeFile(join(programs, 'docker'), `#!/bin/sh\necho ${version}\n`, { mode: 0o755 })
  vi.stubEnv('PATH', `${programs}${delimiter}${process.env.PATH}`)
  onTestFinished(() => void vi.unstubAllEnvs())
  const states = await stateOf(await environment())
  expect(states['Docker Compose']).toMatch(new RegExp(`^${state}: version .*; docker-compose.yml needs 2.24.4`))
})

test('notes a server that a killed start left behind', async () => {
  const home = await privateFolder()
  const postgres = await startPostgres({
    home: PROGRAMS_HOME,
    directory: join(home, 'sandbox', 'postgres'),
    durable: false
  })
  onTestFinished(() => postgres.stop())
  const states = await stateOf({ QUOTEWIRE_HOME: home })
  expect(states.Postgres).toBe(
    `note: process ${postgres.pid} is left of a start that was killed; the next npm start ends it`
  )
})

test('says what is wrong with a home that is no folder, or lies below none', async () => {
  const file = join(await privateFolder(), 'file')
  await writeFile(file, '')
  for (const home of [file, join(file, 'below')]) {
    expect((await stateOf({ QUOTEWIRE_HOME: home })).Home).toBe(`problem: ${file} is no folder`)
  }
})

test.skipIf(process.platform !== 'linux')('says so where a home can never be made (Linux only)', async () => {
  expect((await stateOf({ QUOTEWIRE_HOME: '/proc/quotewire/below' })).Home).toBe(
    'problem: /proc/quotewire/below cannot be written: nothing can be kept in /proc'
  )
})

test('says so where only the password is wrong', async () => {
  const env = await environment()
  const url = new URL(env.DATABASE_URL!)
  url.password = 'guessed'
  expect((await stateOf({ ...env, DATABASE_URL: url.href })).Postgres).toBe(
    'problem: DATABASE_URL does not answer: wrong user or password'
  )
})

test('tells which vendors can be asked, never their keys', async () => {
  const [reachable, env] = await Promise.all([vendor(), environment()])
  const findings = await diagnose({
    ...env,
    MARKET: 'live',
    YAHOO_BASE_URL: reachable,
    FMP_BASE_URL: 'http://127.0.0.1:1',
    FINANCIAL_MODELING_PREP_API_KEY: 'hidden',
    ALPHA_VANTAGE_BASE_URL: reachable,
    TIINGO_BASE_URL: reachable
  })
  const states = Object.fromEntries(findings.map(({ check, state, detail }) => [check, `${state}: ${detail}`]))
  expect(states.yahoo).toBe('ok: needs no key; reachable')
  expect(states.fmp).toBe('problem: key present; not reachable: ECONNREFUSED')
  expect(states.tiingo).toBe('note: off: no key; reachable')
  expect(states.Clock).toMatch(/^ok: /)
  expect(JSON.stringify(findings)).not.toContain('hidden')
})

test('names the vendors that are on and cannot be reached, and no others', async () => {
  const env = await environment({
    MARKET: 'live',
    YAHOO_BASE_URL: 'http://127.0.0.1:1',
    FMP_BASE_URL: await vendor(),
    FINANCIAL_MODELING_PREP_API_KEY: 'a-key-that-stays-here',
    TIINGO_BASE_URL: 'http://127.0.0.1:1'
  })
  expect(await vendorsOutOfReach(loadConfig(env))).toEqual(['yahoo (ECONNREFUSED)'])
})

test('notices a clock that makes tokens and the age of prices lie', async () => {
  const reachable = await vendor()
  const bases = ['YAHOO', 'FMP', 'ALPHA_VANTAGE', 'TIINGO'].map((name) => [`${name}_BASE_URL`, reachable])
  const env = await environment({ MARKET: 'live', ...Object.fromEntries(bases) })
  const states = await stateOf(env, () => Date.now() - 60_000)
  expect(states.Clock).toMatch(/^problem: (59|60)\.\d s behind/)
})

test('lists every variable that is wrong', async () => {
  const findings = await diagnose({ PORT: 'many', REDIS_URL: 'hidden' })
  const wrong = findings.filter(({ state }) => state === 'problem').map(({ detail }) => detail)
  expect(wrong.join('\n')).toMatch(/PORT[^]*REDIS_URL/)
  expect(wrong.join('\n')).not.toContain('hidden')
})
