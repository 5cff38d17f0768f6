import { randomUUID } from 'node:crypto'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startWorld, type Api, type ApiWorld } from '../support/api.ts'

const EXPECTED = {
  requests: ['http_request_duration_seconds', 'http_unmatched_requests_total'],
  cache: ['quotewire_cache_lookups_total', 'quotewire_cache_loads_total', 'quotewire_cache_memory_bytes'],
  calls: ['quotewire_provider_calls_total', 'quotewire_provider_call_seconds', 'quotewire_provider_divergence_percent'],
  providers: ['quotewire_provider_enabled', 'quotewire_provider_breaker', 'quotewire_provider_budget_left'],
  runs: ['quotewire_job_runs_total', 'quotewire_job_run_seconds'],
  queues: ['quotewire_queue_jobs', 'quotewire_queue_workers', 'quotewire_scheduler_lag_seconds'],
  log: ['quotewire_log_events_total', 'quotewire_log_bytes_total', 'quotewire_log_waiting_bytes', 'quotewire_log_up'],
  stores: [
    'quotewire_recorder_pending',
    'quotewire_recorder_pending_bytes',
    'quotewire_recorder_values_total',
    'quotewire_dependency_up'
  ],
  live: [
    'quotewire_ws_connections',
    'quotewire_ws_messages_total',
    'quotewire_ws_lag_seconds',
    'quotewire_ws_gaps_total'
  ],
  age: ['quotewire_data_age_seconds', 'quotewire_data_age_target_seconds', 'quotewire_data_served_late_total']
}

let world: ApiWorld
let api: Api
let token: string
let port: number

beforeAll(async () => {
  world = await startWorld()
  api = await world.startApi()
  token = (await api.login(['market:read', 'admin:read'])).token
  port = Number(new URL(await api.app.listen({ host: '127.0.0.1', port: 0 })).port)
})
afterAll(() => world.close())

const scrape = async () => (await api.get('/metrics')).body

type Family = { name: string; type: string; help: string; samples: string[] }

/** Reads the text format strictly: every sample stands under the HELP and TYPE of its family, which come once. */
function familiesOf(exposition: string): Map<string, Family> {
  const families = new Map<string, Family>()
  let family: Family | undefined
  let help: [string, string] | undefined
  for (const line of exposition.split('\n').filter((each) => each !== '')) {
    const [, keyword, name = '', rest = ''] = /^# (HELP|TYPE) (\w+) (.+)$/.exec(line) ?? []
    if (keyword === 'HELP') help = [name, rest]
    else if (keyword === 'TYPE') {
      if (families.has(name) || help?.[0] !== name) throw new Error(`not once, or without help: ${line}`)
      family = { name, type: rest, help: help[1], samples: [] }
      families.set(name, family)
    } else {
      const sample = /^(\w+)(\{(?:\w+="(?:[^"\\\n]|\\.)*",?)*\})? (\S+)$/.exec(line)
      if (!sample || !family || !sample[1]!.startsWith(family.name)) throw new Error(`stands alone: ${line}`)
      if (Number.isNaN(Number(sample[3])) && sample[3] !== 'Nan') throw new Error(`is no number: ${line}`)
      family.samples.push(line)
    }
  }
  return families
}

/** What clients can make up. */
async function makeUp(): Promise<void> {
  const word = randomUUID().replaceAll('-', '').toUpperCase()
  const paths = [
    `/${word}`,
    `/api/v1/market/${word}`,
    `/api/v1/market/quote/${word.slice(0, 8)}`,
    `/docs/static/${word}.js`
  ]
  for (const path of [...paths, `/api/v1/market/movers?type=${word}`, `/api/v1/market/jobs/${word}`, `/%${word}`]) {
    for (const method of ['GET', 'POST', 'DELETE', 'PROPFIND', 'OPTIONS'] as const) {
      await api.send({ method, url: path, headers: { 'x-request-id': word, 'user-agent': word } }, token)
    }
  }
  await api.login(['market:read'])
  await api.get('/api/v1/auth/me', word)
  for (const octets of [`${word}\r\n\r\n`, `GET / HTTP/1.1\r\n${`${word}: 1\r\n`.repeat(1000)}\r\n`]) {
    const socket = connect(port, '127.0.0.1')
    socket.write(octets)
    await text(socket)
  }
}

describe('what Prometheus reads', () => {
  test('is in its format, with units in names and totals called totals', async () => {
    for (const path of ['quote/AAPL', 'quotes?symbols=AAPL,MSFT', 'profile/AAPL', 'quote/!', 'indices']) {
      await api.get(`/api/v1/market/${path}`, token)
    }
    const families = familiesOf(await scrape())
    for (const { name, type, help } of families.values()) {
      expect([name, help.length > 10]).toEqual([name, true])
      if (!/^(quotewire|http)_/.test(name)) continue
      expect([name, type, name.endsWith('_total')]).toEqual([name, type, type === 'counter'])
      if (type === 'histogram') expect(name).toMatch(/_(seconds|percent)$/)
      expect(name).not.toMatch(/_(ms|milliseconds|minutes|kib|mib)(_|$)/)
    }
  })

  test('covers requests, cache, providers, jobs, the log, live clients, dependencies and the age of data', async () => {
    const families = familiesOf(await scrape())
    const missing = Object.values(EXPECTED).flatMap((names) => names.filter((name) => !families.has(name)))
    expect(missing).toEqual([])
  })

  test('does not grow with what clients make up, and names none of it, no user and no key', async () => {
    await makeUp()
    const first = await scrape()
    for (let round = 0; round < 3; round++) await makeUp()
    const later = await scrape()
    const series = (exposition: string) => exposition.split('\n').map((line) => line.replace(/ \S+$/, ''))
    const added = series(later).filter((line) => !series(first).includes(line) && !line.startsWith('nodejs_'))
    expect(added).toEqual([])
    expect(later).not.toMatch(/user-|qw_|[0-9A-F]{32}|[0-9a-f]{8}-[0-9a-f]{4}/)
    expect(later).toMatch(/^http_unmatched_requests_total\{status="404"\} [1-9]/m)
    expect(later).toMatch(/^http_unmatched_requests_total\{status="405"\} [1-9]/m)
    expect(later).toMatch(/^http_unmatched_requests_total\{status="400"\} [1-9]/m)
    expect(later).toMatch(/^http_unmatched_requests_total\{status="431"\} [1-9]/m)
  })

  test('costs its work once, however many ask at the same moment without a token', async () => {
    let checks = 0
    const { dependencies } = api.core
    const counted = { ...dependencies, counted: async () => void checks++ }
    api.core.metrics.watch({ dependencies: counted })
    const bodies = await Promise.all(Array.from({ length: 50 }, scrape))
    api.core.metrics.watch({ dependencies })
    expect(checks).toBe(1)
    expect(new Set(bodies.map((body) => body.length > 0))).toEqual(new Set([true]))
  })
})
