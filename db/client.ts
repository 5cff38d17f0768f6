import { connect, type Socket } from 'node:net'
import type { PostgresJsDatabase } from 'drizzle-orm/postgres-js'
import pg, { type Pool, type PoolClient } from 'pg'
import postgres, { type Sql, type TransactionSql } from 'postgres'
import { drizzle } from './drizzle.ts'
import { ARRAY_TYPES } from './array-types.ts'

/**
 * Three pools: drizzle replaces the date serialisers of the client it is given, so bulk statements have their own; and
 * postgres.js tells nobody that Postgres refuses a COPY once all of its rows were sent, so COPY has another driver.
 */
const MAX_QUERY_CONNECTIONS = 8
const MAX_BULK_CONNECTIONS = 4
const MAX_COPY_CONNECTIONS = 4
const CONNECT_TIMEOUT_SECONDS = 5
const STATEMENT_TIMEOUT_MS = 30_000
/** For a statement whose connection fell silent: past the instant at which Postgres itself would have ended it. */
const SILENCE_TIMEOUT_MS = STATEMENT_TIMEOUT_MS + 5_000
/** Short, for postgres.js waits all of it for a connection that was refused once, even if nothing runs on it. */
const CLOSE_TIMEOUT_SECONDS = 2
const CONNECTION_ENDED = 'CONNECTION_CLOSED: Postgres, or a proxy in front of it, ended the connection'
const LOST_CONNECTION_CODES = new Set<unknown>(['CONNECTION_CLOSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT'])

export type Database = {
  /** Typed queries. */
  readonly db: PostgresJsDatabase
  /** Bulk statements; dates and instants are strings both ways. */
  readonly sql: Sql
  /** For transactions with COPY: see `inCopyTransaction`. */
  readonly copyPool: Pool
  /** Rejects when Postgres does not answer. */
  ping(): Promise<void>
  close(): Promise<void>
}

export type DatabaseOptions = { readonly url: string; readonly applicationName?: string }

/** Opens nothing by itself: connections are made by the first statements, and made again after an outage. */
export function createDatabase({ url, applicationName = 'quotewire' }: DatabaseOptions): Database {
  const settings = {
    ...connectionSettings(applicationName),
    // postgres.js waits longer before each new attempt; how long to wait is for the caller to decide
    backoff: () => 0.1
  }
  const queries = postgres(url, { ...settings, max: MAX_QUERY_CONNECTIONS })
  const sql = postgres(url, { ...settings, max: MAX_BULK_CONNECTIONS })
  const copies = createCopyPool(url, applicationName)

  return {
    db: drizzle(queries, { casing: 'snake_case' }),
    sql,
    copyPool: copies.pool,
    async ping() {
      await sql`select 1`
    },
    async close() {
      await Promise.all([
        ...[queries, sql].map((client) => client.end({ timeout: CLOSE_TIMEOUT_SECONDS })),
        copies.close()
      ])
    }
  }
}

function createCopyPool(url: string, applicationName: string): { pool: Pool; close(): Promise<void> } {
  const open = new Set<PoolClient>()
  const pool = new pg.Pool({
    connectionString: url,
    application_name: applicationName,
    max: MAX_COPY_CONNECTIONS,
    connectionTimeoutMillis: CONNECT_TIMEOUT_SECONDS * 1000,
    statement_timeout: STATEMENT_TIMEOUT_MS,
    query_timeout: SILENCE_TIMEOUT_MS
  })
  // A lost connection is an event too, which ends the process where nobody listens. Who uses it hears of it anyway.
  pool.on('error', () => undefined)
  pool.on('connect', (client) => {
    open.add(client)
    client.on('error', () => undefined)
  })
  pool.on('remove', (client) => open.delete(client))
  let closing: Promise<void> | undefined

  /** Waits for transactions under way, and then cuts them off. */
  async function end(): Promise<void> {
    const cut = setTimeout(() => {
      for (const client of open) void (client as pg.Client).end()
    }, CLOSE_TIMEOUT_SECONDS * 1000)
    await pool.end().finally(() => clearTimeout(cut))
  }

  return { pool, close: () => (closing ??= end()) }
}

/** `snapshot`: all that is read is of one instant, and nothing is written. */
const TRANSACTION_MODES = { write: '', snapshot: 'isolation level repeatable read read only' }

/**
 * A transaction of the bulk client. Where its connection is lost, postgres.js still sends a rollback on it, and that
 * throws where nobody can catch it: work that failed so is left pending, and its error told at once.
 */
export async function inTransaction<T>(
  sql: Sql,
  work: (tx: TransactionSql) => Promise<T>,
  mode: keyof typeof TRANSACTION_MODES = 'write'
): Promise<T> {
  const lost = Promise.withResolvers<never>()
  const outcome = sql.begin(TRANSACTION_MODES[mode], async (tx) => ({
    value: await work(tx).catch((error: unknown) => {
      if (!isConnectionLoss(error)) throw error
      lost.reject(error)
      return new Promise<never>(() => {})
    })
  }))
  return (await Promise.race([outcome, lost.promise])).value
}

const isConnectionLoss = (error: unknown) =>
  error instanceof Error && 'code' in error && LOST_CONNECTION_CODES.has(error.code)

/** How every session of ours begins, and what it says of itself. Notices ("already exists, skipping") are no news. */
export function connectionSettings(applicationName: string, statementTimeoutMs = STATEMENT_TIMEOUT_MS) {
  return {
    connect_timeout: CONNECT_TIMEOUT_SECONDS,
    socket: promptSocket,
    fetch_types: false,
    types: ARRAY_TYPES,
    onnotice: () => undefined,
    connection: {
      application_name: applicationName,
      TimeZone: 'UTC',
      DateStyle: 'ISO',
      statement_timeout: statementTimeoutMs
    }
  }
}

/**
 * Without noDelay a COPY of a few rows waits for Nagle's algorithm, 40 to 90 ms. The socket is handed over while it
 * connects: what is written meanwhile is queued, and a refused connection reaches postgres.js as the event that it
 * knows (a factory that rejects leaves the pool believing for ever that the connection is still being made).
 */
function promptSocket({ path, host, port }: { path?: string; host: string[]; port: number[] }): Socket {
  if (path) return endingInError(connect({ path }))
  const socket = connect({ host: host[0]!, port: port[0]!, noDelay: true })
  return Object.assign(endingInError(socket), { host: host[0], port: port[0] })
}

/**
 * A proxy without a server behind it takes connections and ends them. postgres.js makes such a connection again without
 * a pause, fails no statement, and ends with no file descriptor left: it gives up only on errors.
 */
function endingInError(socket: Socket): Socket {
  let hasFailed = false
  socket.once('error', () => (hasFailed = true))
  socket.once('close', () => {
    if (!hasFailed) socket.emit('error', Object.assign(new Error(CONNECTION_ENDED), { code: 'CONNECTION_CLOSED' }))
  })
  return socket
}
