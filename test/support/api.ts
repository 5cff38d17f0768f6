import { randomUUID } from 'node:crypto'
import type { FastifyInstance, InjectOptions } from 'fastify'
import { pino } from 'pino'
import { buildApp } from '../../src/app.ts'
import { loadConfig } from '../../src/config/config.ts'
import { createCore, type Core } from '../../src/core.ts'
import { createDataFreshness } from '../../src/market/data-freshness.ts'
import type { ErrorBody } from '../../src/errors.ts'
import type { Provider, ProviderName } from '../../src/providers/provider.ts'
import type { Scope } from '../../src/auth/principal.ts'
import { createVendors } from '../../src/vendors.ts'
import { testDatabase, testRedis } from './services.ts'
import { smallVendor } from './small-vendor.ts'
import { shippedCalendars } from '../../src/exchange-calendars.ts'
import { SessionClock } from '../../src/market/session-clock.ts'

/** Other tests, other processes and loading the tests themselves hold the event loop up, which is no matter of a test's. */
export const PATIENT = { MAX_EVENT_LOOP_DELAY_MS: '60000' }
export const SECRET = 'a secret for tests that is long enough'

export type Answer = { status: number; headers: Record<string, string | undefined>; body: string; json(): unknown }

/** One API process's worth: the real app over the real core, Redis and Postgres, with a small vendor behind. */
export type Api = {
  app: FastifyInstance
  core: Core
  vendor: ReturnType<typeof smallVendor>
  /** What was logged, one object per line. */
  logged: Record<string, unknown>[]
  /** A new user's key with these scopes, and a token for it. */
  login(scopes?: readonly Scope[], plan?: 'standard' | 'pro'): Promise<{ userId: string; key: string; token: string }>
  /** The headers of a browser that signed in with a key: its cookie, and what it changes something by. */
  signIn(apiKey: string): Promise<{ cookie: string; 'x-csrf-token': string }>
  get(url: string, token?: string, headers?: Record<string, string>): Promise<Answer>
  send(request: InjectOptions, token?: string): Promise<Answer>
  close(): Promise<void>
}

export type ApiWorld = {
  databaseUrl: string
  redisUrl: string
  /**
   * Another process on the same Redis and Postgres. With MARKET=sandbox its vendors are those at SANDBOX_URL; else a
   * small one, and others behind it.
   */
  startApi(env?: Record<string, string>, others?: readonly Provider[]): Promise<Api>
  close(): Promise<void>
}

export async function startWorld(): Promise<ApiWorld> {
  const [redis, database] = await Promise.all([testRedis(), testDatabase()])
  const apis: Api[] = []
  return {
    databaseUrl: database.url,
    redisUrl: redis.url,
    async startApi(env = {}, others = []) {
      const api = await startApi(
        { DATABASE_URL: database.url, REDIS_URL: redis.url, JWT_SECRET: SECRET, ...env },
        others
      )
      apis.push(api)
      return api
    },
    async close() {
      for (const api of apis) await api.close()
      await database.close()
      await redis.close()
    }
  }
}

async function startApi(env: Record<string, string>, others: readonly Provider[]): Promise<Api> {
  const config = loadConfig({ MARKET: 'live', ...PATIENT, ...env })
  const logged: Api['logged'] = []
  const log = pino({ level: config.LOG_LEVEL }, { write: (line) => logged.push(JSON.parse(line)) })
  const vendor = smallVendor()
  const providers = new Map<ProviderName, Provider>([vendor, ...others].map((each) => [each.name, each]))
  const small = { providers, off: new Map(), close: async () => undefined }
  const clock = new SessionClock(shippedCalendars(config))
  const vendors = config.MARKET === 'sandbox' ? createVendors(config, clock.hoursOf) : small
  const core = await createCore({ config, log, vendors, clock, replicaUrl: config.DATABASE_REPLICA_URL })
  const app = await buildApp({ ...core, config, log, freshness: createDataFreshness() })

  const send: Api['send'] = async (request, token) => {
    const authorization = token === undefined ? {} : { authorization: `Bearer ${token}` }
    const response = await app.inject({ ...request, headers: { ...authorization, ...request.headers } })
    const headers = response.headers as Answer['headers']
    return { status: response.statusCode, headers, body: response.body, json: () => response.json<unknown>() }
  }

  return {
    app,
    core,
    vendor,
    logged,
    send,
    get: (url, token, headers = {}) => send({ method: 'GET', url, headers }, token),
    async signIn(apiKey) {
      const headers = { 'sec-fetch-site': 'same-origin' }
      const answer = await send({ method: 'POST', url: '/api/v1/auth/session', payload: { apiKey }, headers })
      const cookie = String(answer.headers['set-cookie']).split(';')[0]!
      return { cookie, 'x-csrf-token': (answer.json() as { csrfToken: string }).csrfToken }
    },
    async login(scopes = ['market:read'], plan = 'standard') {
      const user = await core.stores.users.createUser({ name: `user-${randomUUID()}`, plan })
      const { key } = await core.stores.keys.createKey({ userId: user!.id, scopes })
      const answer = await send({ method: 'POST', url: '/api/v1/auth/token', payload: { apiKey: key } })
      return { userId: user!.id, key, token: (answer.json() as { token: string }).token }
    },
    async close() {
      await app.close()
      await core.close()
    }
  }
}

/** The error of an answer, which must have the one body and must not tell how the server is made. */
export function errorOf({ body, headers }: Answer): ErrorBody['error'] & { details?: Record<string, unknown> } {
  if (/node_modules|\.ts:\d|at \w+ \(/.test(body)) throw new Error(`a stack trace leaked: ${body}`)
  const { error, ...rest } = JSON.parse(body) as ErrorBody
  if (Object.keys(rest).length > 0 || error.requestId !== headers['x-request-id'])
    throw new Error(`not the body: ${body}`)
  return error as ErrorBody['error'] & { details?: Record<string, unknown> }
}
