import { expect, onTestFinished, test, vi } from 'vitest'
import { createDatabase, inTransaction, type Database } from '../../db/client.ts'
import { inCopyTransaction } from '../../db/copy.ts'
import { isValueAtFault } from '../../db/failures.ts'
import { splits } from '../../db/schema/market-data.ts'
import type { BarRequest } from '../../src/market/bar.ts'
import { createGate } from './gate.ts'
import { storesUnderTest } from './stores-under-test.ts'
import { series } from './values.ts'

const under = storesUnderTest()

test('bars whose connection is lost in the middle cost neither the process nor a bar, and the next try writes them', async () => {
  const { bars } = under.stores
  const given = series({ symbol: 'LOST' })
  const request: BarRequest = { ...given, from: Date.parse('2024-03-01'), to: Date.parse('2024-03-31') }
  await interrupted(() => bars.upsert(given))
  expect(await bars.range(request)).toBeUndefined()

  expect(await bars.upsert(given)).toBe(2)
  expect((await bars.range(request))?.bars).toStrictEqual(given.bars)
})

/** Holds the table until a write waits for it, and then ends that write's connection. */
async function interrupted(write: () => Promise<unknown>): Promise<void> {
  const { sql } = under.database
  await sql.begin(async (tx) => {
    await tx`lock table daily_bars in access exclusive mode`
    const failure = expect(write()).rejects.toMatchObject({ code: '57P01' })
    const end = async () => {
      const ended = await sql`
        select pg_terminate_backend(pid) from pg_stat_activity
        where datname = current_database() and wait_event_type = 'Lock' and query like '%daily_bars%'`
      expect(ended).toHaveLength(1)
    }
    await vi.waitFor(end, { timeout: 10_000 })
    await failure
  })
}

/** Another process, whose way to Postgres can be cut. */
async function behindGate() {
  const gate = await createGate(under.url)
  const database = createDatabase({ url: gate.url, applicationName: 'cut off' })
  onTestFinished(async () => {
    await database.close()
    await gate.shut()
  })
  return { gate, database }
}

/** So many transactions of that process does Postgres still hold open. */
const openTransactions = async () => {
  const [row] = await under.database.sql<{ count: number }[]>`
    select count(*)::int as count from pg_stat_activity where application_name = 'cut off' and xact_start is not null`
  return row!.count
}

test('a connection that is lost in its first moments costs its statement, and not the process', async () => {
  for (let answers = 1; answers <= 6; answers++) {
    const { gate, database } = await behindGate()
    gate.cutAfter = { answers }
    const [outcome] = await Promise.allSettled([
      database.sql`select symbol from quotes_latest where symbol = any(${['A']})`
    ])
    // Of a statement that comes late the connection may be whole until its answer was there.
    if (outcome.status === 'rejected') expect(isValueAtFault(outcome.reason)).toBe(false)
  }
  // An error that nobody handles ends a process, and this test.
})

type Statements = (statement: string) => Promise<unknown>
const kinds: [string, (database: Database, work: (run: Statements) => Promise<unknown>) => Promise<unknown>][] = [
  [
    'statements',
    ({ sql }, work) => inTransaction(sql, (tx) => work((statement) => tx.unsafe(statement).then(() => undefined)))
  ],
  ['COPY', ({ copyPool }, work) => inCopyTransaction(copyPool, (tx) => work((statement) => tx.query(statement)))]
]

test.each(kinds)('a transaction of %s settles wherever its connection is lost, and keeps nothing', async (_, begin) => {
  const { gate, database } = await behindGate()
  const moments: [string, (run: Statements) => Promise<unknown>][] = [
    [
      'while a statement runs',
      async (run) => {
        const running = run('select pg_sleep(30)')
        const sleeping = async () => under.database.sql`
          select from pg_stat_activity where application_name = 'cut off' and wait_event = 'PgSleep'`
        await expect.poll(sleeping).toHaveLength(1)
        await gate.shut()
        await running
      }
    ],
    ['between two statements', (run) => gate.shut().then(() => run('select 1'))],
    ['before the commit', () => gate.shut()]
  ]
  for (const [moment, lose] of moments) {
    await gate.open()
    const work = begin(database, async (run) => {
      await run(`insert into splits (symbol, ex_date, ratio) values ('CUT', '2024-01-01', 2)`)
      await lose(run)
    })
    const failure: unknown = await work.catch((error: unknown) => error)
    expect(failure, moment).toBeInstanceOf(Error)
    expect(isValueAtFault(failure)).toBe(false)
    await under.database.sql`
      select pg_terminate_backend(pid) from pg_stat_activity
      where application_name = 'cut off' and wait_event = 'PgSleep'`
    await expect.poll(openTransactions).toBe(0)
    expect(await under.database.sql`select from splits where symbol = 'CUT'`).toHaveLength(0)
  }
})

test('rows sent by COPY over a connection that is cut are not kept, and the next try writes them', async () => {
  const { gate, database } = await behindGate()
  const rows = Array.from({ length: 100_000 }, (_, index) => ({ symbol: `C${index}`, exDate: '2024-01-01', ratio: 2 }))
  const copy = () => inCopyTransaction(database.copyPool, (tx) => tx.copy(splits, rows))
  gate.cutAfter = { sentBytes: 500_000 }
  await expect(copy()).rejects.toThrow()
  await expect.poll(openTransactions).toBe(0)

  gate.cutAfter = {}
  expect(await copy()).toBe(100_000)
})

test('closing does not wait for a statement that takes too long', async () => {
  const { database } = await behindGate()
  const slow = expect(inCopyTransaction(database.copyPool, (tx) => tx.query('select pg_sleep(30)'))).rejects.toThrow()
  await expect.poll(openTransactions).toBe(1)
  const startedAt = performance.now()
  await database.close()
  await slow
  expect(performance.now() - startedAt).toBeLessThan(10_000)
})
