import { afterEach, describe, expect, test } from 'vitest'
import { createMetrics } from '../../src/metrics/metrics.ts'
import { startMonitor, type Monitor } from '../../src/metrics/monitor.ts'

const never = () => new Promise<never>(() => undefined)
const started: Monitor[] = []

async function monitor(dependencies: Record<string, () => Promise<unknown>>): Promise<string> {
  const metrics = createMetrics()
  metrics.watch({ dependencies })
  const running = await startMonitor({ host: '127.0.0.1', port: 0, metrics, dependencies })
  started.push(running)
  return running.url
}

afterEach(async () => {
  for (const running of started.splice(0)) await running.close()
})

describe('a process without an API', () => {
  test('can be scraped', async () => {
    const url = await monitor({ postgres: async () => undefined, redis: async () => Promise.reject(new Error()) })
    const answer = await fetch(`${url}/metrics`)
    expect(answer.headers.get('content-type')).toMatch(/^text\/plain/)
    const text = await answer.text()
    expect(text).toContain('quotewire_dependency_up{dependency="postgres"} 1')
    expect(text).toContain('quotewire_dependency_up{dependency="redis"} 0')
  })

  test('is healthy while its services answer', async () => {
    const answer = await fetch(`${await monitor({ postgres: async () => undefined })}/api/health`)
    expect(answer.status).toBe(200)
    expect(await answer.json()).toMatchObject({ ready: true, dependencies: { postgres: { status: 'up' } } })
  })

  test('says which service is mute, without waiting for it for ever or telling its address', async () => {
    const secret = async () => Promise.reject(new Error('connect ECONNREFUSED postgres://user:password@db'))
    const answer = await fetch(`${await monitor({ postgres: secret, redis: never })}/api/health`)
    expect(answer.status).toBe(503)
    const down = { status: 'down', reason: 'does not answer' }
    expect(await answer.json()).toMatchObject({ ready: false, dependencies: { postgres: down, redis: down } })
  })

  test('is alive whatever its services do, so that nobody restarts it because of them', async () => {
    const url = await monitor({ postgres: async () => Promise.reject(new Error()), redis: never })
    const answer = await fetch(`${url}/api/health/live`)
    expect([answer.status, await answer.json()]).toEqual([200, { live: true }])
  })

  test('has nothing else to give', async () => {
    const url = await monitor({})
    expect((await fetch(`${url}/`)).status).toBe(404)
    expect((await fetch(`${url}/metrics`, { method: 'POST' })).status).toBe(405)
  })
})
