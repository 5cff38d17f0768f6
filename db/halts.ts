import { and, asc, eq, gte, lt } from './drizzle.ts'
import { formatInstantNs, parseInstantNs } from '../src/market/instant-ns.ts'
import type { Halt, TradingStatus } from '../src/market/halt.ts'
import type { Tick } from '../src/market/tick.ts'
import { isoOf } from '../src/market/time.ts'
import type { Database } from './client.ts'
import type { CopyTransaction } from './copy.ts'
import { present, upsertRows, type Present } from './rows.ts'
import { halts } from './schema/halts.ts'
import { nsOf } from './tick-writes.ts'

/** That trading in an instrument stopped or went on. */
export type HaltReport = {
  readonly instrumentId: number
  readonly tick: Tick<Halt> & { readonly status: TradingStatus }
}

/** `asOf` has its nanoseconds. */
export type StoredHalt = Omit<Present<typeof halts.$inferSelect>, 'ns'>

export type HaltStore = ReturnType<typeof createHaltStore>

/** When trading stopped and went on, by instrument. */
export function createHaltStore({ db }: Pick<Database, 'db'>) {
  return {
    /** Those of [from, to), epoch ms, oldest first. */
    async within(instrumentId: number, from: number, to: number): Promise<StoredHalt[]> {
      const rows = await db
        .select()
        .from(halts)
        .where(
          and(
            eq(halts.instrumentId, instrumentId),
            gte(halts.asOf, { ms: from, ns: 0 }),
            lt(halts.asOf, { ms: to, ns: 0 })
          )
        )
        .orderBy(asc(halts.asOf), asc(halts.ns), asc(halts.sequence))
      return rows.map(({ ns, asOf, ...row }) => ({ ...present(row), asOf: { ms: asOf.ms, ns: asOf.ns + ns } }))
    },

    /** Deletes what is older than an instant (epoch ms) and returns how many rows that were. */
    async deleteBefore(instant: number): Promise<number> {
      return (await db.delete(halts).where(lt(halts.asOf, parseInstantNs(isoOf(instant))!))).count
    }
  }
}

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
