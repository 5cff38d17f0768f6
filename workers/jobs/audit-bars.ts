import type { AuditedSeries } from '../../db/bar-audits.ts'
import type { BarDifferenceCause } from '../../src/market/bar-audit.ts'
import type { MarketHours } from '../../src/market/market-hours.ts'
import { regularEnd, sessionOn, type Session } from '../../src/market/session.ts'
import { DAY_MS } from '../../src/market/time.ts'
import { BarAuditor } from '../backfill/bar-auditor.ts'
import { skipped, type Handler } from '../handler.ts'

/** A session begins on the day before its date at the earliest, and ends on the day after at the latest. */
const AROUND_DATE_MS = 2 * DAY_MS

type Progress = { done: string[]; compared: number; causes: Partial<Record<BarDifferenceCause, number>> }

/**
 * Holds own bars of the last session that is over, or of a date, against the vendor's official ones. A series that was done is
 * not done again by another try.
 */
export const auditBars: Handler<'audit-bars'> = async ({ date, symbols }, context, run) => {
  const { histories, stores, clock, metrics, now } = context
  const progress: Progress = {
    done: [],
    compared: 0,
    causes: {},
    ...(run.earlierProgress as Partial<Progress> | undefined)
  }
  const around = date === undefined ? now() - DAY_MS : Date.parse(date)
  for (const history of histories.all) {
    const auditor = new BarAuditor({ history, stores })
    const found = await stores.barAudits.series(history.name, around - AROUND_DATE_MS, around + AROUND_DATE_MS, symbols)
    for (const series of found) {
      run.signal.throwIfAborted()
      const session = sessionOf(clock.hoursOf(series.symbol), date, now())
      if (!session || progress.done.includes(nameOf(series))) continue
      const audit = await auditor.audit(series, session, run.signal)
      if (audit) {
        await stores.barAudits.keep(audit)
        progress.compared += audit.compared
        for (const { cause } of audit.differences) {
          progress.causes[cause] = (progress.causes[cause] ?? 0) + 1
          metrics.barDiffered(cause)
        }
      }
      progress.done.push(nameOf(series))
      await run.progress(progress)
    }
  }
  if (progress.done.length === 0) return skipped('no bars of own making, or nobody to hold them against')
  const told = Object.entries(progress.causes).map(([cause, count]) => `${count} ${cause}`)
  return {
    items: progress.compared,
    failures: progress.causes.wrong ?? 0,
    note: told.length === 0 ? 'all bars are the official ones' : `differences: ${told.join(', ')}`
  }
}

const nameOf = ({ symbol, interval, source, feed }: AuditedSeries): string => `${symbol} ${interval} ${source} ${feed}`

/** That of the date, where it is over; or the last one that is. */
function sessionOf(hours: MarketHours | undefined, date: string | undefined, now: number): Session | undefined {
  if (!hours) return undefined
  const isOver = (session: Session) => (session.post?.close ?? regularEnd(session)) <= now
  if (date !== undefined) {
    const session = sessionOn(hours.calendar, date)
    return session && isOver(session) ? session : undefined
  }
  const newest = hours.sessionBefore(now)
  if (!newest || isOver(newest)) return newest
  return hours.sessionBefore(newest.regular.open - 1)
}
