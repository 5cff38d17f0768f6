import { Writable } from 'node:stream'
import { getTableName, type InferInsertModel } from 'drizzle-orm'
import type { PgTable } from 'drizzle-orm/pg-core'
import type { TransactionSql } from 'postgres'
import { inTurns } from '../src/slices.ts'
import { binaryRows } from './copy-format.ts'
import { namesOf, writtenColumns } from './rows.ts'

/** A statement has a time limit. */
const MAX_ROWS_PER_STATEMENT = 50_000

/**
 * Adds many rows by binary COPY, at about twice the speed of `upsertRows`, and returns how many. None of them may be
 * there yet: one that is, or that breaks a constraint, makes all be refused, and the transaction with them.
 */
export async function copyRows<Table extends PgTable>(
  tx: TransactionSql,
  table: Table,
  rows: readonly InferInsertModel<Table>[]
): Promise<number> {
  const columns = writtenColumns(table)
  const statement = `copy ${getTableName(table)} (${namesOf(columns)}) from stdin (format binary)`
  for (let first = 0; first < rows.length; first += MAX_ROWS_PER_STATEMENT) {
    await send(tx, statement, binaryRows(columns, rows.slice(first, first + MAX_ROWS_PER_STATEMENT)))
  }
  return rows.length
}

async function send(tx: TransactionSql, statement: string, chunks: Iterable<Uint8Array>): Promise<void> {
  const { opened, ended } = begin(tx, statement)
  const stream = await opened
  try {
    for await (const chunk of inTurns(chunks)) await Promise.race([taken(stream, chunk), ended])
  } catch (error) {
    stream.destroy(error as Error)
    throw error
  }
  stream.end()
  await ended
}

/**
 * Once all rows were sent, postgres.js tells nobody that Postgres refuses them: its stream waits for ever. So what
 * becomes of the statement is heard from the query behind the stream, which is resolved twice: when Postgres asks for
 * rows, with the stream, and when it has taken them.
 */
function begin(tx: TransactionSql, statement: string): { opened: Promise<Writable>; ended: Promise<void> } {
  const opened = Promise.withResolvers<Writable>()
  const ended = Promise.withResolvers<void>()
  ended.promise.catch(() => undefined)
  const reject = (error: unknown) => {
    opened.reject(error)
    ended.reject(error)
  }
  const resolve = (outcome: unknown) => {
    if (!(outcome instanceof Writable)) return ended.resolve()
    outcome.on('error', reject)
    opened.resolve(outcome)
  }
  void Object.assign(tx.unsafe(statement), { resolve, reject }).execute()
  return { opened: opened.promise, ended: ended.promise }
}

/** Resolves when the connection has room for more. A stream that breaks says so by an event of its own. */
function taken(stream: Writable, chunk: Uint8Array): Promise<void> {
  return new Promise((resolve) =>
    stream.write(chunk, (error) => {
      if (!error) resolve()
    })
  )
}
