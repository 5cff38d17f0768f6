import { MINUTE_MS } from '../../src/market/time.ts'
import { skipped, type Handler, type JobContext, type Report } from '../handler.ts'
import type { AskedHistory } from '../backfill/asked-history.ts'
import { exclusively } from '../backfill/exclusively.ts'
import { GapFiller } from '../backfill/gap-filler.ts'
import { giveUpUnsold } from '../backfill/unsold.ts'

/** They are looked for again behind so many. */
const GAPS_AT_ONCE = 20
/** Half of what a run may last: who comes behind a gap of months, or a vendor that never comes to an end, is not forgotten. */
const TURN_MS = 15 * MINUTE_MS

/** Fills what the ledger of gaps holds, by one vendor's history beside the other's; of one vendor one gap after the other. */
export const backfillGap: Handler<'backfill-gap'> = async (_payload, context, { signal }) => {
  const { histories, stores } = context
  const givenUp = await giveUpUnsold(stores.gaps, signal)
  if (histories.all.length === 0 && givenUp === 0) return skipped('no vendor whose past is sold is configured')
  const reports = await Promise.all(histories.all.map((history) => fillAll(history, context, signal)))
  const tried = reports.filter((report) => report !== undefined)
  if (tried.length === 0 && givenUp === 0) return skipped('another run fills gaps')
  const sum = (of: (report: Report) => number) => tried.reduce((total, report) => total + of(report), 0)
  const notes = tried.flatMap(({ note }) => note ?? [])
  if (givenUp > 0) notes.push(`${givenUp} that nobody sells: unfillable`)
  return {
    items: sum(({ items }) => items),
    failures: givenUp + sum(({ failures }) => failures),
    ...(notes.length > 0 ? { note: notes.join('; ') } : { isSkipped: true })
  }
}

/** Undefined where another run fills the vendor's gaps. */
async function fillAll(
  history: AskedHistory,
  { stores, eventLog, intake, redis, now }: JobContext,
  given: AbortSignal
): Promise<Report | undefined> {
  const filler = new GapFiller({ history, stores, eventLog, intake, now, turnMs: TURN_MS })
  return exclusively(redis, `backfill-gap:${history.name}`, given, async (signal) => {
    const counts = { filled: 0, unfillable: 0, open: 0 }
    let trades = 0
    for (;;) {
      const fillable = await stores.gaps.fillable(history.name, GAPS_AT_ONCE)
      for (const gap of fillable) {
        signal.throwIfAborted()
        const outcome = await filler.fill(gap, signal)
        counts[outcome.state]++
        trades += outcome.trades
      }
      if (fillable.length === 0) break
    }
    const told = Object.entries(counts).flatMap(([state, count]) => (count > 0 ? [`${count} ${state}`] : []))
    return {
      items: trades,
      failures: counts.unfillable,
      ...(told.length > 0 && { note: `${history.name}: ${told.join(', ')}` })
    }
  })
}
