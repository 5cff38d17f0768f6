import { isLockTimeout } from '../../db/failures.ts'
import { keptSince } from '../../db/retention.ts'
import { QUEUE_NAMES } from '../../src/jobs/catalog.ts'
import { DAY_MS, isoOf } from '../../src/market/time.ts'
import type { Handler } from '../handler.ts'

/** A run without an end for so long has none. */
const LOST_AFTER_MS = DAY_MS
const MAX_JOBS_REMOVED = 10_000
const KEPT_MS = { completed: DAY_MS, failed: 7 * DAY_MS }

/** Removes what is older than it is kept for. What others hold for longer than may be waited for is left to the next try. */
export const cleanup: Handler<'cleanup'> = async (_payload, { stores, queues, config, now }, { signal }) => {
  const { partitioned, history, records } = keptSince(config, now())
  const steps = {
    'price partitions': async () =>
      (await stores.partitions.dropBefore('stock_price_history', partitioned.stock_price_history)).length,
    'bar partitions': async () => (await stores.partitions.dropBefore('bars', partitioned.bars)).length,
    'bbo partitions': async () => (await stores.partitions.dropBefore('bbo', partitioned.bbo)).length,
    'tick partitions': async () => (await stores.partitions.dropBefore('ticks', partitioned.ticks)).length,
    'last good values': () => stores.lastGood.deleteBefore(history),
    'bar revisions': () => stores.bars.deleteRevisionsBefore(records),
    'closed gaps': () => stores.gaps.deleteBefore(partitioned.ticks),
    'market snapshots': () => stores.marketHistory.deleteBefore(history),
    'bar audits': () => stores.barAudits.deleteBefore(isoOf(records).slice(0, 10)),
    halts: () => stores.halts.deleteBefore(history),
    stories: () => stores.news.deleteBefore(history),
    'quarantined values': () => stores.quarantine.deleteBefore(records),
    'lost runs': () => stores.jobRuns.closeLost(now() - LOST_AFTER_MS),
    'job runs': () => stores.jobRuns.deleteBefore(records),
    'finished jobs': () => removeFinishedJobs(queues)
  }
  const removed: string[] = []
  const held: string[] = []
  let items = 0
  for (const [what, step] of Object.entries(steps)) {
    signal.throwIfAborted()
    const count = await step().catch((error: unknown) => {
      if (!isLockTimeout(error)) throw error
      held.push(what)
      return 0
    })
    items += count
    if (count > 0) removed.push(`${count} ${what}`)
  }
  if (held.length > 0) throw new Error(`others hold ${held.join(', ')}; removed: ${removed.join(', ') || 'nothing'}`)
  return { items, failures: 0, ...(removed.length > 0 && { note: removed.join(', ') }) }
}

async function removeFinishedJobs({ queues }: Parameters<Handler<'cleanup'>>[1]['queues']): Promise<number> {
  let removed = 0
  for (const name of QUEUE_NAMES) {
    for (const state of ['completed', 'failed'] as const) {
      removed += (await queues[name].clean(KEPT_MS[state], MAX_JOBS_REMOVED, state)).length
    }
  }
  return removed
}
