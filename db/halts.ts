import { formatInstantNs, parseInstantNs, type InstantNs } from '../src/market/instant-ns.ts'
import type { Halt, TradingStatus } from '../src/market/halt.ts'
import type { Tick } from '../src/market/tick.ts'
import type { HaltRequest } from '../src/market/stored-halt.ts'
import { isoOf } from '../src/market/time.ts'
import type { Database } from './client.ts'
import type { CopyTransaction } from './copy.ts'
import { and, asc, eq, lt, sql } from './drizzle.ts'
import { present, upsertRows, type Present } from './rows.ts'
import { halts } from './schema/halts.ts'
import { microsOf } from './tick-instants.ts'
import { nsOf } from './tick-writes.ts'

/** That trading in an instrument stopped or went on. */
export type HaltReport = {
  readonly instrumentId: number
  readonly tick: Tick<Halt> & { readonly status: TradingStatus }
}

/** `asOf` has its nanoseconds. */
export type StoredHalt = Omit<Present<typeof halts.$inferSelect>, 'ns'>

/** When trading stopped and went on, by instrument. */
export function createHaltStore({ db }: Pick<Database, 'db'>) {
  return {
    /** Those of [from, to), oldest first. */
    async range(instrumentId: number, { from, to, limit, after }: HaltRequest): Promise<StoredHalt[]> {
      const { asOf, ns, sequence, source, feed, status } = halts
      const behind =
        after &&
        sql`(${asOf}, ${ns}, ${sequence}, ${source}, ${feed}, ${status}) >
          (${placeOf(after.asOf)}, ${after.sequence}, ${after.source}, ${after.feed}, ${after.status})`
      const rows = await db
        .select()
        .from(halts)
        .where(
          and(
            eq(halts.instrumentId, instrumentId),
            sql`(${asOf}, ${ns}) >= (${placeOf(from)})`,
            sql`(${asOf}, ${ns}) < (${placeOf(to)})`,
            behind
          )
        )
        .orderBy(asc(asOf), asc(ns), asc(sequence), asc(source), asc(feed), asc(status))
        .limit(limit)
      return rows.map(({ ns, asOf, ...row }) => ({ ...present(row), asOf: { ms: asOf.ms, ns: asOf.ns + ns } }))
    },

    /** Deletes what is older than an instant (epoch ms) and returns how many rows that were. */
    async deleteBefore(instant: number): Promise<number> {
      return (await db.delete(halts).where(lt(halts.asOf, parseInstantNs(isoOf(instant))!))).count
    }
  }
}

const placeOf = (instant: InstantNs) => sql`${microsOf(instant)}::timestamptz, ${nsOf(instant)}::smallint`

/** Adds what feeds told; what is held already is written again as it was told last. */
export async function writeHalts(tx: CopyTransaction, reports: readonly HaltReport[]): Promise<void> {
  if (reports.length === 0) return
  const rows = new Map(reports.map((report) => [keyOf(report), rowOf(report)]))
  await upsertRows(tx, halts, [...rows.values()], {
    key: ['instrumentId', 'asOf', 'ns', 'source', 'feed', 'status']
  })
}

const keyOf = ({ instrumentId, tick: { asOf, source, feed, status } }: HaltReport) =>
  `${instrumentId} ${formatInstantNs(asOf)} ${source} ${feed} ${status}`

function rowOf({ instrumentId, tick }: HaltReport): typeof halts.$inferInsert {
  const { asOf, sequence, tradeDate, status, reason, reasonCode, limitUp, limitDown, tape, feed, source } = tick
  const told = { reason, reasonCode, limitUp, limitDown, tape, feed, source, receivedAt: isoOf(tick.receivedAt) }
  return { instrumentId, tradeDate, asOf, ns: nsOf(asOf), sequence, status, ...told }
}
