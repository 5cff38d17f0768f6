import { connect, type Socket } from 'node:net'
import { drizzle, type PostgresJsDatabase } from 'drizzle-orm/postgres-js'
import postgres, { type Sql, type TransactionSql } from 'postgres'

/** Two pools: drizzle replaces the date serialisers of the client it is given, so bulk statements have their own. */
const MAX_QUERY_CONNECTIONS = 8
const MAX_BULK_CONNECTIONS = 4
const CONNECT_TIMEOUT_SECONDS = 5
const STATEMENT_TIMEOUT_MS = 30_000
/** Short, for postgres.js waits all of it for a connection that was refused once, even if nothing runs on it. */
const CLOSE_TIMEOUT_SECONDS = 2
const CONNECTION_ENDED = 'CONNECTION_CLOSED: Postgres, or a proxy in front of it, ended the connection'
const LOST_CONNECTION_CODES = new Set<unknown>(['CONNECTION_CLOSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT'])

export type Database = {
  /** Typed queries. */
  readonly db: PostgresJsDatabase
  /** Bulk statements; dates and instants are strings both ways. */
  readonly sql: Sql
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

  return {
    db: drizzle(queries, { casing: 'snake_case' }),
    sql,
    async ping() {
      await sql`select 1`
    },
    async close() {
      await Promise.all([queries, sql].map((client) => client.end({ timeout: CLOSE_TIMEOUT_SECONDS })))
    }
  }
}

/**
 * A transaction of the bulk client. Where its connection is lost, postgres.js still sends a rollback on it, and that
 * throws where nobody can catch it: work that failed so is left pending, for `begin` itself rejects by then.
 */
export async function inTransaction<T>(sql: Sql, work: (tx: TransactionSql) => Promise<T>): Promise<T> {
  const outcome = await sql.begin(async (tx) => ({
    value: await work(tx).catch((error) =>
      isConnectionLoss(error) ? new Promise<never>(() => {}) : Promise.reject(error)
    )
  }))
  return outcome.value
}

const isConnectionLoss = (error: unknown) =>
  error instanceof Error && 'code' in error && LOST_CONNECTION_CODES.has(error.code)

/** How every session of ours begins, and what it says of itself. Notices ("already exists, skipping") are no news. */
export function connectionSettings(applicationName: string, statementTimeoutMs = STATEMENT_TIMEOUT_MS) {
  return {
    connect_timeout: CONNECT_TIMEOUT_SECONDS,
    socket: promptSocket,
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
