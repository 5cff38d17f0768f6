import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startWorld, type Api, type ApiWorld } from '../support/api.ts'
import { BARE_ENV } from '../support/processes.ts'

let world: ApiWorld
let api: Api

beforeAll(async () => {
  world = await startWorld()
  api = await world.startApi()
})
afterAll(() => world.close())

async function key(args: string[], env: Record<string, string> = { DATABASE_URL: world.databaseUrl }) {
  const child = spawn(process.execPath, ['src/commands/key.ts', ...args], {
    env: { ...BARE_ENV, ...env }
  })
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')])
  return { code: child.exitCode, stdout, stderr }
}

const exchange = async (apiKey: string) => {
  const answer = await api.send({ method: 'POST', url: '/api/v1/auth/token', payload: { apiKey } })
  return (await api.get('/api/v1/auth/me', (answer.json() as { token: string }).token)).json()
}

describe('npm run key', () => {
  test('makes a key that opens the API, for a user that it makes or knows', async () => {
    const made = await key(['--user', 'Desk 1', '--scope', 'market:read, stream:read', '--quiet'])
    expect(made).toMatchObject({ code: 0, stderr: '' })
    expect(made.stdout).toMatch(/^qw_[\w-]{43}\n$/)
    const scopes = ['market:read', 'stream:read']
    expect(await exchange(made.stdout.trim())).toMatchObject({ name: 'Desk 1', plan: 'standard', scopes })

    const again = await key(['--user', 'Desk 1', '--scope', 'admin:read', '--plan', 'pro'])
    expect(again.stdout).toContain('Desk 1')
    const second = again.stdout.trim().split('\n').at(-1)!
    expect(await exchange(second)).toMatchObject({ name: 'Desk 1', plan: 'pro', scopes: ['admin:read'] })
  })

  test('makes a key that ends, after days or at an instant', async () => {
    const options = ['--user', 'guest', '--scope', 'market:read', '--quiet', '--expires']
    const [days, day] = await Promise.all([key([...options, '30d']), key([...options, '2035-01-31'])])
    expect(await exchange(day.stdout.trim())).toMatchObject({ name: 'guest' })
    const ends = (await api.core.stores.keys.list({ limit: 100 }))
      .flatMap(({ expiresAt }) => expiresAt ?? [])
      .toSorted()
    expect(ends[1]).toBe('2035-01-31T00:00:00.000Z')
    expect(Math.abs(Date.parse(ends[0]!) - Date.now() - 30 * 86_400_000)).toBeLessThan(60_000)
    expect(days.code).toBe(0)
  })

  test.each([
    ['an end that is over', ['--user', 'a', '--scope', 'market:read', '--expires', '2020-01-01'], 'in the future'],
    ['an end that is none', ['--user', 'a', '--scope', 'market:read', '--expires', 'soon'], '--expires must be'],
    ['no user', ['--scope', 'market:read'], '--user is missing'],
    ['no scope', ['--user', 'a'], '--scope is missing'],
    ['a scope there is none of', ['--user', 'a', '--scope', 'market:read,root'], '"root"'],
    ['a plan there is none of', ['--user', 'a', '--scope', 'market:read', '--plan', 'gold'], 'standard or pro'],
    ['an option there is none of', ['--users', 'a'], '--users'],
    ['a user that is no name', ['--user', "'; drop table users", '--scope', 'market:read'], '--user must be']
  ])('says what is wrong with %s, and how it is used', async (_name, args, message) => {
    const refused = await key(args)
    expect(refused).toMatchObject({ code: 2, stdout: '' })
    expect(refused.stderr).toContain(message)
    expect(refused.stderr).toContain('usage: npm run key')
  })

  test('says what to do where there is no database', async () => {
    const lost = await key(['--user', 'a', '--scope', 'market:read'], { QUOTEWIRE_HOME: '/nonexistent/home' })
    expect(lost.code).toBe(1)
    expect(lost.stderr).toContain('DATABASE_URL')
  })
})
