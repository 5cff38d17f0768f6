import type { Loss } from './batch.ts'
import { behindId, type LogSource } from './source.ts'
import { endOf, insideOf, isBefore, outsideOf, type EntryPosition } from './entry-position.ts'

/** Looked through to tell from where on entries are lost. */
const MAX_ROWS_PER_LOSS = 1000

/** A loss of which it is not known yet whether it holds anything that was never read. */
export type FoundLoss = Omit<Loss, 'isMissing'>

/** Losses of which it is not known yet whether they hold anything that was never read; `sure`: the shards where they do. */
export type Doubt = {
  readonly epoch: string
  readonly losses: readonly FoundLoss[]
  readonly sure: ReadonlySet<number>
  /** On the clock of performance.now(). */
  readonly until: number
}

/** Where entries are lost to a follower, and how much of what it read before is there still. `since`: sound up to there. */
export async function findLoss(source: LogSource, position: EntryPosition, since: EntryPosition): Promise<FoundLoss> {
  const { shard } = position
  const rows = await source.rowsFrom(shard, behindId(since), MAX_ROWS_PER_LOSS)
  const ids = rows.map(({ id }) => id).filter((id) => !isBefore(position, id))
  const held = rows.length < MAX_ROWS_PER_LOSS ? ids.map((id) => outsideOf(endOf(shard, id))) : undefined
  return { position: outsideOf(position), since: outsideOf(since), held }
}

/** Of the shard of a position, entries behind it turned out to be lost. */
export const withEarlierSince = (doubt: Doubt, since: EntryPosition): Doubt => ({
  ...doubt,
  losses: doubt.losses.map((loss) =>
    loss.position.shard === since.shard && isBefore(since, insideOf(loss.since))
      ? { ...loss, since: outsideOf(since), held: undefined }
      : loss
  )
})
