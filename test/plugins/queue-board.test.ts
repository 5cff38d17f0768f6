import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startWorld, type Api, type ApiWorld } from '../support/api.ts'

type Refusal = {
  status: number
  error: { code: string; message: string; requestId: string; key?: string; details?: { field?: string } }
}

let world: ApiWorld
let api: Api
let at: string
let headers: Record<string, string>

beforeAll(async () => {
  world = await startWorld()
  api = await world.startApi()
  at = await api.app.listen({ host: '127.0.0.1', port: 0 })
  const { key: apiKey } = await api.login(['admin:read', 'admin:write'])
  const { cookie } = await api.signIn(apiKey)
  headers = { cookie, 'sec-fetch-site': 'same-origin', 'content-type': 'application/json' }
})
afterAll(() => world.close())

const send = (method: string, path: string, body?: unknown) =>
  fetch(`${at}/admin/queues/api/queues${path}`, {
    method,
    headers,
    ...(body !== undefined && { body: JSON.stringify(body) })
  })

/** What is refused has the fields of the one body, whatever the board's page reads beside them. */
async function refused(method: string, path: string, body?: unknown): Promise<Refusal> {
  const answer = await send(method, path, body)
  const { error } = (await answer.json()) as Pick<Refusal, 'error'>
  const isWhole = /^[A-Z_]+$/.test(error.code) && /./.test(error.message)
  expect([path, isWhole, error.requestId]).toEqual([path, true, answer.headers.get('x-request-id')])
  return { status: answer.status, error }
}

const NOBODY = 'refresh-quotes-00000000-0000-4000-8000-000000000000'

describe('the board', () => {
  test('refuses in the one body, with the key by which its page finds the text', async () => {
    expect(await refused('GET', `/nosuch/${NOBODY}`)).toMatchObject({
      status: 404,
      error: { code: 'QUEUE_NOT_FOUND', message: 'Queue not found', key: 'ERRORS.QUEUE_NOT_FOUND' }
    })
    expect(await refused('GET', `/live/${NOBODY}`)).toMatchObject({ status: 404, error: { code: 'JOB_NOT_FOUND' } })
    expect(await refused('PUT', '/live/concurrency', { concurrency: -1 })).toMatchObject({ status: 400 })
    expect(await refused('GET', '?page=-1')).toMatchObject({
      status: 400,
      error: { code: 'INVALID_QUERY_PARAM', details: { field: 'page' } }
    })
  })

  test('takes no key of Redis for a job, and fails at none', async () => {
    for (const name of ['meta', 'id', 'events', 'delayed', 'repeat', 'marker', '7:lock', '__proto__', '%00', '*']) {
      for (const [method, action] of [
        ['GET', ''],
        ['GET', '/flow'],
        ['PUT', '/retry'],
        ['PUT', '/clean'],
        ['PUT', '/promote'],
        ['PUT', '/remove-unprocessed-children']
      ] as const) {
        expect([name, action, (await refused(method, `/live/${name}${action}`)).status]).toEqual([name, action, 400])
      }
    }
  })

  test('adds no job that BullMQ would throw at, and says of one that is in another state that it is', async () => {
    for (const [field, options] of [
      ['options.jobId', { jobId: '1' }],
      ['options.parent', { parent: { id: 'x', queue: 'y' } }],
      ['options.repeat', { repeat: { every: -5 } }],
      ['options.priority', { priority: 1.5 }],
      ['options.delay', { delay: 1e308 }]
    ] as const) {
      const { status, error } = await refused('POST', '/maintenance/add', { name: 'cleanup', data: {}, options })
      expect([status, error.code, error.details?.field]).toEqual([400, 'INVALID_REQUEST', field])
    }
    const added = await send('POST', '/maintenance/add', { name: 'cleanup', data: {}, options: { priority: 9 } })
    expect(added.status).toBe(200)
    const { job } = (await added.json()) as { job: { id: string } }
    expect(await refused('PUT', `/maintenance/${job.id}/promote`)).toMatchObject({
      status: 409,
      error: { code: 'JOB_STATE' }
    })
    expect(api.logged.filter(({ level }) => Number(level) >= 50 || level === 'error')).toEqual([])
  })
})
