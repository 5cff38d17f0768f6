import { Compile } from 'typebox/schema'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createDatabase } from '../../db/client.ts'
import { createStores } from '../../db/stores.ts'
import { storeReports } from '../db/stored-reports.ts'
import { series } from '../db/values.ts'
import type { Answer } from '../support/api.ts'
import { LiveClient } from '../support/live-client.ts'
import { documentOf, routesOf, type DocumentedRoute, type OpenApi, type Schema } from './documented-routes.ts'
import { startMarket, thoughtfulSandbox, type MarketUnderTest } from './market-under-test.ts'

let market: MarketUnderTest
let document: OpenApi
let routes: DocumentedRoute[]
let token: string

beforeAll(async () => {
  market = await startMarket(await thoughtfulSandbox())
  document = await documentOf(market.api)
  routes = routesOf(document)
  token = (await market.api.login(['market:read', 'admin:read', 'admin:write'])).token
})
/** Of what is stored of streams something must be there to be told. */
beforeAll(async () => {
  const database = createDatabase({ url: market.databaseUrl })
  const at = Date.now() - 3_600_000
  await storeReports(database, 'AAPL', (instrumentId) => [
    {
      instrumentId,
      kind: 'trade',
      tick: {
        symbol: 'AAPL',
        asOf: { ms: at, ns: 7 },
        sequence: 1,
        tradeDate: new Date(at).toISOString().slice(0, 10),
        price: 190,
        size: 0.3,
        tradeId: '1',
        conditions: ['@'],
        source: 'alpaca',
        feed: 'iex',
        receivedAt: at
      }
    }
  ])
  const { bars, gaps } = createStores(database)
  for (const interval of ['1m', '1d'] as const) {
    const start = new Date(at).toISOString().slice(0, interval === '1d' ? 10 : 24)
    const bar = { start, open: 1, high: 2, low: 1, close: 2, complete: false as const }
    await bars.upsert(series({ symbol: 'AAPL', interval, adjusted: 'none', bars: [bar] }))
  }
  const subject = { source: 'alpaca', feed: 'iex', reason: 'outage' } as const
  await gaps.add(subject, new Date(at).toISOString(), new Date(at + 60_000).toISOString())
  await database.close()
})
afterAll(async () => {
  await market.close()
  await market.sandbox.close()
})

/** Holds a value against a schema of the document, in which a key that is not described is an error. */
function findingsOf(schema: Schema, value: unknown): string[] {
  const { schemas } = JSON.parse(JSON.stringify(document.components), closed) as OpenApi['components']
  const root = { ...(JSON.parse(JSON.stringify(schema), closed) as Schema), components: { schemas } }
  const [, errors] = Compile(root).Errors(value)
  return errors.map(({ instancePath, message, params }) => `${instancePath} ${message} ${JSON.stringify(params)}`)
}

function closed(_key: string, part: unknown): unknown {
  const isObject = typeof part === 'object' && part !== null && 'properties' in part && 'type' in part
  return isObject && !('additionalProperties' in part) ? { ...part, additionalProperties: false } : part
}

/** What is not as the document says. */
function deviations({ operation }: DocumentedRoute, { status, headers, body }: Answer): string[] {
  const described = operation.responses[status]
  if (!described) return [`status ${status}`]
  const found = Object.keys(described.headers ?? {})
    .filter((name) => headers[name.toLowerCase()] === undefined)
    .map((name) => `${name} is missing`)
  const type = headers['content-type']?.split(';')[0] ?? ''
  const content = described.content?.[type]
  if (!content) return body === '' ? found : [...found, `${type} is not described`]
  const value: unknown = type === 'application/json' ? JSON.parse(body) : body
  return [...found, ...findingsOf(content.schema, value)]
}

type Created = Record<'id' | 'key' | 'taskId', string>

function everySchema(part: unknown): Schema[] {
  if (typeof part !== 'object' || part === null) return []
  const nested = Object.values(part).flatMap(everySchema)
  return 'type' in part || 'enum' in part || 'anyOf' in part ? [part as Schema, ...nested] : nested
}

type Part = { name: string; schema: Schema; description?: string | undefined; url: string; body?: object }

/** A value that no list has. */
const ODD = 'no-such-value'

/** Fields of an object that say nothing of themselves, but constants and what only holds other fields. */
function undescribedIn(schema: Schema | undefined, within = ''): string[] {
  if (!schema) return []
  const nested = (schema.anyOf ?? []).flatMap((each) => undescribedIn(each, within))
  const own = Object.entries(schema.properties ?? {}).flatMap(([name, field]) => {
    const path = `${within}${name}`
    const isSilent = !field.description && field.const === undefined && !field.properties && !field.anyOf
    return [...(isSilent ? [path] : []), ...undescribedIn(field, `${path}.`)]
  })
  return [...own, ...nested]
}

describe('the OpenAPI document', () => {
  test('names each operation once, under a tag that it explains, and describes each status', () => {
    const operations = Object.values(document.paths).flatMap((item) => Object.values(item))
    const names = operations.map(({ operationId }) => operationId)
    expect(new Set(names).size).toBe(names.length)
    const tags = document.tags.map(({ name }) => name)
    for (const { operationId, tags: used, responses } of operations) {
      expect([operationId, used]).toEqual([operationId, [expect.toBeOneOf(tags)]])
      for (const [status, { description }] of Object.entries(responses)) {
        expect([operationId, status, description]).not.toEqual([operationId, status, 'Default Response'])
      }
    }
  })

  test('describes each part of an address, and asks for nothing that has a default', () => {
    for (const { path, pathParameters, queryParameters, body } of routes) {
      const named = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name!)
      expect([path, new Set(pathParameters.map(({ name }) => name))]).toEqual([path, new Set(named)])
      for (const { name, required, schema } of queryParameters) {
        expect([path, name, required === true && schema.default !== undefined]).toEqual([path, name, false])
      }
      for (const name of body?.required ?? [])
        expect([path, name, body!.properties![name]!.default]).toEqual([path, name, undefined])
      expect(path).not.toMatch(/.\/$/)
    }
  })

  test('explains each parameter, field of a body and field of a frame, which nobody can guess', async () => {
    const undescribed = routes.flatMap(({ method, path, operation: { parameters = [] }, body }) => [
      ...parameters
        .filter(({ description, schema }) => !description && !schema.description)
        .map(({ name }) => `${method} ${path} ${name}`),
      ...undescribedIn(body).map((name) => `${method} ${path} ${name}`)
    ])
    expect(undescribed).toEqual([])
    const live = (await market.api.get('/asyncapi.json')).json() as {
      operations: Record<string, { messages: { $ref: string }[] }>
      components: { messages: Record<string, { payload: Schema }> }
    }
    const sentByClients = live.operations['stockQuotesReceive']!.messages.map(({ $ref }) => $ref.split('/').at(-1)!)
    expect(sentByClients).toContain('subscribe')
    const frames = sentByClients.flatMap((name) =>
      undescribedIn(live.components.messages[name]!.payload).map((field) => `${name} ${field}`)
    )
    expect(frames).toEqual([])
  })

  test('lists every value of what takes some values only, and the server takes no other', async () => {
    const enumerations = new Set<string>()
    for (const route of routes) {
      const parts: Part[] = [
        ...route.pathParameters.map((part) => ({ ...part, url: route.url({ [part.name]: ODD }) })),
        ...route.queryParameters.map((part) => ({ ...part, url: route.url({}, { [part.name]: ODD }) })),
        ...Object.entries(route.body?.properties ?? {}).map(([name, schema]) => {
          return {
            name,
            schema,
            description: schema.description,
            url: route.url(),
            body: { [name]: schema.items ? [ODD] : ODD }
          }
        })
      ]
      for (const { name, schema, description, url, body } of parts) {
        const listed = schema.enum ?? schema.items?.enum ?? []
        if (listed.length === 0 && schema.type !== 'string') continue
        const payload = route.leastBody() && { ...route.leastBody(), ...body }
        const answer = await market.api.send({ method: route.method, url, ...(payload && { payload }) }, token)
        const { details } =
          (answer.json() as { error?: { details?: { field?: string; allowed?: unknown } } }).error ?? {}
        const where = `${route.path} ${name}`
        if (listed.length > 0) {
          enumerations.add(where)
          expect([where, answer.status, details?.allowed]).toEqual([where, 400, listed])
        } else if (details?.field === name && Array.isArray(details.allowed)) {
          // A list in one text: what it may hold is named where it is described.
          for (const value of details.allowed as string[])
            expect([where, description]).toEqual([where, expect.stringContaining(value)])
        }
      }
    }
    expect(enumerations.size).toBeGreaterThan(10)
  })

  test('shows examples and defaults that are right by its own schemas', () => {
    const schemas = everySchema(document)
    const shown = schemas.flatMap((schema) => [
      ...(schema.examples ?? []).map((example) => ({ schema, example })),
      ...(schema.default === undefined ? [] : [{ schema, example: schema.default }])
    ])
    const parameters = routes.flatMap(({ operation }) => operation.parameters ?? [])
    const ofParameters = parameters.flatMap(({ schema, examples = {}, example }) =>
      [...Object.values(examples).map(({ value }) => value), ...(example === undefined ? [] : [example])].map(
        (each) => ({
          schema,
          example: each
        })
      )
    )
    expect(shown.length).toBeGreaterThan(10)
    expect(ofParameters.length).toBeGreaterThan(10)
    for (const { schema, example } of [...shown, ...ofParameters]) expect(findingsOf(schema, example)).toEqual([])
  })

  test('tells of every route what it really answers, to the last key', async () => {
    const { api } = market
    const call = (route: DocumentedRoute, path = {}, body: object | undefined = route.leastBody(), query = {}) =>
      api.send({ method: route.method, url: route.url(path, query), ...(body && { payload: body }) }, token)
    const tried = new Set<string>()
    const audited = async () => (await api.core.stores.audit.list({ limit: 1 }))[0]?.id
    const check = async (operationId: string, ...asked: [path?: object, body?: object, query?: object]) => {
      const route = routes.find(({ operation }) => operation.operationId === operationId)!
      const before = await audited()
      const answer = await call(route, ...asked)
      expect([operationId, answer.status, deviations(route, answer)]).toEqual([operationId, answer.status, []])
      // Whatever an administrator changes is written down.
      const changes = route.method !== 'GET' && route.operation.tags.includes('admin') && answer.status < 300
      expect([operationId, (await audited()) !== before]).toEqual([operationId, changes])
      if (answer.status < 300) tried.add(operationId)
      return JSON.parse(answer.headers['content-type']?.startsWith('application/json') ? answer.body : '{}') as Created
    }

    /** What a browser does, and what a key alone may. */
    async function checkSession(): Promise<void> {
      const { key: apiKey } = await api.login()
      const send = async (operationId: string, headers: Record<string, string>, payload?: object) => {
        const route = routes.find(({ operation }) => operation.operationId === operationId)!
        const request = { method: route.method, url: route.url(), headers, ...(payload && { payload }) }
        const answer = await api.send(request)
        expect([operationId, answer.status < 300, deviations(route, answer)]).toEqual([operationId, true, []])
        tried.add(operationId)
        return answer
      }
      const fromPage = { 'sec-fetch-site': 'same-origin' }
      const code = (await send('createSignInCode', { 'x-api-key': apiKey })).json() as { code: string }
      await send('getSignInCodeHolder', fromPage, { code: code.code })
      const signedIn = await send('signIn', fromPage, { code: code.code })
      const cookie = String(signedIn.headers['set-cookie']).split(';')[0]!
      const { csrfToken } = (await send('getSession', { cookie })).json() as { csrfToken: string }
      await send('signOut', { cookie, 'x-csrf-token': csrfToken })
    }

    /** What an operator does with the connection of a client. */
    async function checkConnection(): Promise<void> {
      const url = await api.app.listen({ host: '127.0.0.1', port: 0 })
      const { token: viewer } = await api.login(['stream:read'])
      const client = new LiveClient(`${url.replace('http', 'ws')}/api/v1/market/ws/stock-quotes?token=${viewer}`)
      await client.frame('welcome')
      const { connections } = (await check('listConnections')) as unknown as { connections: [{ id: string }] }
      await check('endConnection', { id: connections[0].id })
    }

    const { id: user } = await check('createUser', {}, { name: 'desk' })
    const { id: key, key: apiKey } = await check('createKey', { id: user }, { scopes: ['market:read'], label: 'desk' })
    await check('exchangeKey', {}, { apiKey })
    await check('exchangeKey', {}, { apiKey: 'nonsense' })
    await check('changeUser', { id: user }, { plan: 'pro' })
    await check('revokeKey', { id: key })
    await check('deleteUser', { id: user })
    await check('beginFeedDrill', {}, { feed: 'alpaca', how: 'down', seconds: 1 })
    await check('endFeedDrill', { feed: 'alpaca' })
    await check('endFeedDrill', { feed: 'alpaca' })
    await check('getQuote', { symbol: 'NOSUCHX' })
    await check('getQuote', { symbol: '!' })
    await check('getInstrument', { key: 'AAPL' })
    await check('getQuotes', {}, undefined, { symbols: 'AAPL,NOSUCHX,!' })
    await checkSession()
    await checkConnection()
    const { taskId } = await check('runJob', {}, { job: 'ensure-partitions' })
    await check('getTask', { taskId })
    await check('retryTask', { taskId })
    await check('getTask', { taskId: 'nothing' })
    for (const query of [{ name: 'sma' }, { indicators: 'sma:20,rsi' }, {}]) {
      await check('getIndicator', {}, undefined, query)
    }
    for (const { operation } of routes) if (!tried.has(operation.operationId)) await check(operation.operationId)
    for (const format of ['csv', 'ndjson', 'parquet']) {
      for (const rows of ['getHistorical', 'getBars', 'getBarRange', 'getLatestBars', 'getTicks', 'getGaps']) {
        await check(rows, {}, undefined, { format, ...(rows === 'getBarRange' && { start: '2024-01-31' }) })
      }
    }

    const untried = routes.map(({ operation }) => operation.operationId).filter((name) => !tried.has(name))
    expect(untried).toEqual(['retryTask'])
  })

  test('describes what a client gets that sends too much', async () => {
    const limited = await market.api.login(['market:read'])
    const route = routes.find(({ operation }) => operation.operationId === 'whoAmI')!
    let answer = await market.api.get(route.url(), limited.token)
    while (answer.status === 200) answer = await market.api.get(route.url(), limited.token)
    expect([answer.status, deviations(route, answer)]).toEqual([429, []])
  })
})
