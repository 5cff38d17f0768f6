import type { Logger } from 'pino'
import type { LogEntry } from './log-entry.ts'
import { entryOf, type Row } from './source.ts'
import { isForeign } from './entry.ts'
import { placeOf } from './entry-position.ts'

/** Reads a follower's rows as entries, and warns of what cannot be read: once of each kind, for it may be in every row. */
export class RowReader {
  readonly #log: Pick<Logger, 'warn'>
  #hasWarnedOfForeigners = false
  #unknown = 0

  constructor(log: Pick<Logger, 'warn'>) {
    this.#log = log
  }

  /** Events of kinds that this version does not know, so far. */
  get unknown(): number {
    return this.#unknown
  }

  /** Undefined where a row is one of this log that this version cannot read. */
  read(shard: number, row: Row): LogEntry | undefined {
    try {
      const entry = entryOf(shard, row)
      if (isForeign(entry)) this.#warnOfForeigner(entry)
      if (entry.unknown > 0) this.#warnOfUnknown(entry)
      return entry
    } catch (error) {
      if (!(error instanceof RangeError)) throw error
      this.#log.warn({ err: error, shard, ...row.id }, 'an entry of the log is unreadable')
      return undefined
    }
  }

  #warnOfUnknown(entry: LogEntry): void {
    if (this.#unknown === 0) {
      const what = 'a later version writes kinds of events that this one does not know; they are passed over'
      this.#log.warn(nameOf(entry), what)
    }
    this.#unknown += entry.unknown
  }

  #warnOfForeigner(entry: LogEntry): void {
    if (this.#hasWarnedOfForeigners) return
    this.#hasWarnedOfForeigners = true
    this.#log.warn(nameOf(entry), 'somebody else writes into the log; that is passed over')
  }
}

function nameOf(entry: LogEntry) {
  const { shard, idHigh, idLow } = placeOf(entry)
  return { shard, idHigh, idLow }
}
