import { and, asc, desc, eq, getTableColumns, gt, inArray, isNotNull, isNull, lt, lte, or, sql } from './drizzle.ts'
import type { GapFilter, GapPlace, GapReason, GapState } from '../src/market/gap.ts'
import type { Feed } from '../src/market/provenance.ts'
import { isoOf } from '../src/market/time.ts'
import type { Database } from './client.ts'
import type { CopyTransaction } from './copy.ts'
import { present, type Present } from './rows.ts'
import { gapFills } from './schema/gap-fills.ts'
import { instruments } from './schema/instruments.ts'
import { gaps } from './schema/streams.ts'

/** What a gap is about: all that a feed carries where there is no instrument. */
export type GapSubject = {
  readonly source: string
  readonly feed: Feed
  readonly instrumentId?: number
  readonly reason: GapReason
}

/** Instants are ISO; without `untilAt` the gap still grows. */
export type Gap = Present<typeof gaps.$inferSelect>

/** Instants are ISO. */
export type EndedGap = GapSubject & { readonly fromAt: string; readonly untilAt: string }

export type GapStore = ReturnType<typeof createGapStore>

/** Every interval that may lack data, and what became of it. */
export function createGapStore({ db }: Pick<Database, 'db'>) {
  const growing = ({ source, feed, instrumentId, reason }: GapSubject) =>
    and(
      eq(gaps.source, source),
      eq(gaps.feed, feed),
      instrumentId === undefined ? isNull(gaps.instrumentId) : eq(gaps.instrumentId, instrumentId),
      eq(gaps.reason, reason),
      isNull(gaps.untilAt)
    )

  /** Adds gaps that have ended already, all or none. Returns their ids. */
  async function addAll(ended: readonly EndedGap[]): Promise<number[]> {
    const rows = await db
      .insert(gaps)
      .values([...ended])
      .returning({ id: gaps.id })
    return rows.map(({ id }) => id)
  }

  return {
    /** Begins a gap at an instant (ISO), or goes on with the one of that subject that grows already. */
    async begin(subject: GapSubject, fromAt: string): Promise<void> {
      await db
        .insert(gaps)
        .values({ ...subject, fromAt })
        .onConflictDoNothing()
    },

    /**
     * Ends what grows of a subject at an instant (ISO); from then on it can be filled. False where nothing grew. Where the clock
     * was set back meanwhile the end may be told before the beginning: then the gap is what lies between.
     */
    async end(subject: GapSubject, untilAt: string): Promise<boolean> {
      const [from, until] = [gaps.fromAt, sql`${untilAt}::timestamptz`]
      const ended = await db
        .update(gaps)
        .set({ fromAt: sql`least(${from}, ${until})`, untilAt: sql`greatest(${from}, ${until})`, stateAt: now() })
        .where(growing(subject))
      return ended.count > 0
    },

    /** The growing gap of a subject begins at an instant (ISO) from now on, which moves on with what is told late. */
    async moveBeginning(subject: GapSubject, fromAt: string): Promise<void> {
      const moved = await db.update(gaps).set({ fromAt }).where(growing(subject))
      if (moved.count === 0) await this.begin(subject, fromAt)
    },

    /** Nothing that grows of a subject is missing, or something else says so. */
    async forget(subject: GapSubject): Promise<void> {
      await db.delete(gaps).where(growing(subject))
    },

    /** Adds a gap that has ended already. Returns its id. */
    async add(subject: GapSubject, fromAt: string, untilAt: string): Promise<number> {
      const [id] = await addAll([{ ...subject, fromAt, untilAt }])
      return id!
    },

    addAll,

    /**
     * Those of a source that have ended and are to be tried now: what was lost before what was never asked for, oldest first.
     * Whoever asks must be the only one that fills gaps of the source: one that is being filled was left by somebody who died.
     */
    async fillable(source: string, limit: number): Promise<Gap[]> {
      const rows = await db
        .select()
        .from(gaps)
        .where(
          and(
            eq(gaps.source, source),
            inArray(gaps.state, ['open', 'filling']),
            isNotNull(gaps.untilAt),
            or(isNull(gaps.nextTryAt), lte(gaps.nextTryAt, now()))
          )
        )
        .orderBy(asc(sql`${gaps.reason} = 'joined_late'`), asc(gaps.fromAt), asc(gaps.id))
        .limit(limit)
      return rows.map(present)
    },

    /**
     * Moves a gap that has ended from one state to another; `detail` says how it came to it. False where it is in another
     * state: somebody else moved it.
     */
    async move(id: number, from: GapState, to: GapState, detail?: string): Promise<boolean> {
      const moved = await db
        .update(gaps)
        .set({ state: to, stateAt: now(), detail: detail ?? null })
        .where(and(eq(gaps.id, id), eq(gaps.state, from), isNotNull(gaps.untilAt)))
      return moved.count === 1
    },

    /** Leaves a gap open until an instant (ISO), with what was in the way of filling it. */
    async postpone(id: number, nextTryAt: string, detail: string): Promise<void> {
      await db
        .update(gaps)
        .set({ state: 'open', stateAt: now(), nextTryAt, detail, tries: sql`${gaps.tries} + 1` })
        .where(eq(gaps.id, id))
    },

    /** How many there are by state and reason, and how long ago the oldest of them began. */
    async counts(): Promise<{ state: GapState; reason: GapReason; count: number; oldestSeconds: number }[]> {
      return db
        .select({
          state: gaps.state,
          reason: gaps.reason,
          count: sql<number>`count(*)::int`,
          oldestSeconds: sql<number>`extract(epoch from now() - min(${gaps.fromAt}))::float8`
        })
        .from(gaps)
        .groupBy(gaps.state, gaps.reason)
    },

    /**
     * The gaps of an instrument and of the feeds as a whole that touch [from, to), epoch ms, oldest first, with what became of
     * the instrument's part of them.
     */
    async within(instrumentId: number, from: number, to: number): Promise<Gap[]> {
      const rows = await db
        .select({ ...getTableColumns(gaps), state: stateFor(instrumentId) })
        .from(gaps)
        .where(
          and(
            or(eq(gaps.instrumentId, instrumentId), isNull(gaps.instrumentId)),
            lt(gaps.fromAt, isoOf(to)),
            or(isNull(gaps.untilAt), gt(gaps.untilAt, isoOf(from)))
          )
        )
        .orderBy(asc(gaps.fromAt), asc(gaps.id))
      return rows.map(present)
    },

    /**
     * Those that a filter lets through, newest first, behind a place; of an instrument and of feeds as a whole where one is
     * named, with what became of its part of them. With their instruments' symbols as they are today.
     */
    async list(
      filter: GapFilter & { readonly instrumentId?: number | undefined },
      limit: number,
      after?: GapPlace
    ): Promise<(Gap & { readonly symbol?: string })[]> {
      const { source, feed, state, reason, from, to, instrumentId } = filter
      const become = instrumentId === undefined ? gaps.state : stateFor(instrumentId)
      const rows = await db
        .select({ ...getTableColumns(gaps), state: become, symbol: instruments.symbol })
        .from(gaps)
        .leftJoin(instruments, eq(instruments.id, gaps.instrumentId))
        .where(
          and(
            source === undefined ? undefined : eq(gaps.source, source),
            feed && eq(gaps.feed, feed),
            state && sql`${become} = ${state}`,
            reason && eq(gaps.reason, reason),
            instrumentId === undefined ? undefined : or(eq(gaps.instrumentId, instrumentId), isNull(gaps.instrumentId)),
            lt(gaps.fromAt, isoOf(to)),
            or(isNull(gaps.untilAt), gt(gaps.untilAt, isoOf(from))),
            after && or(lt(gaps.fromAt, after.from), and(eq(gaps.fromAt, after.from), lt(gaps.id, after.id)))
          )
        )
        .orderBy(desc(gaps.fromAt), desc(gaps.id))
        .limit(limit)
      return rows.map(present)
    },

    /** Deletes what ended before an instant (epoch ms) and returns how many rows that were. */
    async deleteBefore(instant: number): Promise<number> {
      return (await db.delete(gaps).where(lt(gaps.untilAt, isoOf(instant)))).count
    }
  }
}

/** An instrument's part of a gap is filled, or cannot be, before the others' and whatever becomes of them. */
const stateFor = (instrumentId: number) => sql<GapState>`coalesce(
  (select case when ${gapFills.reason} is null then 'filled' else 'unfillable' end from ${gapFills}
    where ${gapFills.gapId} = ${gaps.id} and ${gapFills.instrumentId} = ${instrumentId}
      and ${gapFills.reachedAt} is null),
  ${gaps.state})`

/** Adds gaps that have ended already, in the transaction of whatever else is to be known with them. Epoch ms. */
export async function addGaps(
  tx: CopyTransaction,
  subjects: readonly GapSubject[],
  from: number,
  until: number
): Promise<void> {
  for (const { source, feed, instrumentId, reason } of subjects) {
    await tx.query(
      'insert into gaps (source, feed, instrument_id, reason, from_at, until_at) values ($1, $2, $3, $4, $5, $6)',
      [source, feed, instrumentId ?? null, reason, isoOf(Math.min(from, until)), isoOf(until)]
    )
  }
}

const now = () => new Date().toISOString()
