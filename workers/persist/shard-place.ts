import type { Logger } from 'pino'
import { feedsOfBars } from '../../db/bar-states.ts'
import type { CopyTransaction } from '../../db/copy.ts'
import { addGaps } from '../../db/gaps.ts'
import { commitCursor, committedCursor } from '../../db/log-cursors.ts'
import type { LogLease } from '../../db/log-leases.ts'
import type { Gap } from '../../src/log/batch.ts'
import type { EventLog } from '../../src/log/log.ts'
import type { Position } from '../../src/log/position.ts'
import type { PersistStats } from '../../src/metrics/persist-gauges.ts'
import { beginningOf } from '../../src/log/positions.ts'
import { placeOfText, textOfPlace, trimmedUntil } from './log-place.ts'

export type ShardPlaceOptions = {
  readonly lease: LogLease
  readonly eventLog: EventLog
  readonly stats: PersistStats
  readonly log: Pick<Logger, 'warn'>
}

/** How far a shard was written, as Postgres knows it; what the log lost before it was written goes to the ledger of gaps. */
export class ShardPlace {
  readonly #options: ShardPlaceOptions
  #epoch = ''
  /** Where the shard has held nothing yet, whatever it lost came later, epoch ms. */
  #emptyAt = Date.now()

  constructor(options: ShardPlaceOptions) {
    this.#options = options
  }

  /** Where to go on from. */
  async begin(tx: CopyTransaction): Promise<Position> {
    const { lease, eventLog } = this.#options
    this.#epoch = await eventLog.epoch()
    const held = await committedCursor(tx, lease)
    const beginning = beginningOf(lease.shard)
    if (!held) return beginning
    this.#emptyAt = held.committedAt.getTime()
    const place = placeOfText(held.position, lease.shard, eventLog.shards)
    if (place?.epoch === this.#epoch) {
      const until = await trimmedUntil(eventLog, place.at)
      if (until !== undefined) await this.#noteLoss(tx, eventLog.timeOf(place.at), until)
      return place.at
    }
    await this.#noteLoss(tx, place ? eventLog.timeOf(place.at) : held.committedAt.getTime(), Date.now())
    await this.commit(tx, beginning)
    return beginning
  }

  /** Another log than before has another epoch; of the same one, what was trimmed before it was read is lost. */
  async pass(tx: CopyTransaction, { epoch, losses }: Gap): Promise<void> {
    const { eventLog } = this.#options
    for (const { since, position, isMissing } of losses) {
      if (!isMissing) continue
      // A log that was put back ends before what it lost.
      const until = epoch === this.#epoch ? await this.#lostUntil(position) : Date.now()
      await this.#noteLoss(tx, eventLog.timeOf(since) || this.#emptyAt, until)
    }
    this.#epoch = epoch
    for (const { position } of losses) await this.commit(tx, position)
  }

  async commit(tx: CopyTransaction, position: Position): Promise<void> {
    await commitCursor(tx, { ...this.#options.lease, position: this.#text(position) })
  }

  /** Whether a position is what was committed last: the answer to a commit may have been lost. */
  async isCommitted(tx: CopyTransaction, position: Position): Promise<boolean> {
    const held = await committedCursor(tx, this.#options.lease)
    return held?.position === this.#text(position)
  }

  #text(position: Position): string {
    return textOfPlace({ epoch: this.#epoch, at: position }, this.#options.eventLog.shards)
  }

  /** What was trimmed came before the oldest entry that is there, all else before what was read last. */
  async #lostUntil(position: Position): Promise<number> {
    const { eventLog } = this.#options
    return (await trimmedUntil(eventLog, position)) ?? (eventLog.timeOf(position) || Date.now())
  }

  /** What was lost may be of any feed. */
  async #noteLoss(tx: CopyTransaction, from: number, until: number): Promise<void> {
    const { lease, log, stats } = this.#options
    const feeds = await feedsOfBars(tx)
    await addGaps(
      tx,
      feeds.map((feed) => ({ ...feed, reason: 'log_lost' as const })),
      from,
      Math.max(until, from)
    )
    stats.gaps++
    log.warn({ shard: lease.shard, from, until }, 'the log has lost events before they were written to Postgres')
  }
}
