import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startWorld, type Api, type ApiWorld } from '../support/api.ts'

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
})
