import { compareIds, type EntryId } from './entry-position.ts'
import { SIGNED_BYTES, signatureOf, SIGNATURE_NUMBERS } from './entry.ts'
import { heartbeatIn, type Heartbeat } from './heartbeat.ts'

/** Of one shard. Where there are more, nothing is known of what is missing. */
const MAX_PRODUCERS = 256
/**
 * By then whoever loses something in the log has noticed it. Where a producer was first seen within this time before, in the
 * midst of its numbers, nobody knows whether it wrote others that are lost.
 */
const UNKNOWN_REMEMBERED_MS = 5000

type Producer = {
  number: number
  /** Where its newest entry is. */
  id: EntryId
  /** The epoch of its newest heartbeat. */
  epoch: string | undefined
  /** In which doubt it was told that entries of it may be missing: those up to its next one too, until the log is lost again. */
  toldIn: number | undefined
}

/**
 * What the next entry shows. `repeated`: it was read before. `missed`: its producer wrote others since `after` that were never
 * read. `unknown`: whether it did is not known.
 */
export type Sighting =
  { readonly is: 'next' | 'repeated' | 'unknown' } | { readonly is: 'missed'; readonly after: EntryId }

const NEXT: Sighting = { is: 'next' }

/**
 * Producers number their entries in a shard one by one. When the log has lost what it held, whoever followed it knows by the
 * next entry of each producer whether there was one that it had not read; and a producer that has none writes a heartbeat.
 */
export class ProducerSequences {
  readonly #producers = new Map<number, Producer>()
  /** Nothing up to here is missing to who follows. */
  #begin: EntryId
  /** Of the log that is in doubt. */
  #epoch: string | undefined
  /** How often the log was in doubt. */
  #doubts = 0
  #isMissing = false
  #unknownAt = -Infinity

  constructor(begin: EntryId) {
    this.#begin = begin
  }

  /** It is another place where following begins. */
  beginAt(begin: EntryId): void {
    this.#begin = begin
  }

  /** Takes the next entry of the shard. */
  read(id: EntryId, entry: Buffer): Sighting {
    if (entry.length < SIGNED_BYTES) return NEXT
    const { producer, number } = signatureOf(entry)
    const heartbeat = heartbeatIn(entry)
    const known = this.#producers.get(producer)
    const sighting = known ? this.#follow(known, number) : this.#meet(number, heartbeat)
    if (sighting.is === 'repeated') return sighting
    const epoch = heartbeat?.epoch ?? known?.epoch
    if (heartbeat?.isLast) this.#producers.delete(producer)
    else this.#producers.set(producer, { number, id, epoch, toldIn: undefined })
    if (!known) this.#makeRoom()
    if (sighting.is === 'missed') this.#isMissing = true
    if (sighting.is === 'unknown') this.#unknownAt = performance.now()
    return sighting
  }

  /** The log is in doubt, until that is settled: it was replaced by one of this epoch. */
  doubt(epoch: string): void {
    this.#epoch = epoch
    this.#doubts++
    this.#isMissing = false
  }

  /** Where who follows is told that entries may be missing, that holds of all up to each producer's next one. */
  settle(isMissing: boolean): void {
    if (!isMissing) return
    for (const producer of this.#producers.values()) producer.toldIn = this.#doubts
    this.#unknownAt = -Infinity
  }

  /**
   * Whether every producer has shown itself in the log that was in doubt, and every entry that was read was the one that was
   * due; undefined as long as it may turn out so.
   */
  get isWhole(): boolean | undefined {
    const isUnknown = performance.now() - this.#unknownAt < UNKNOWN_REMEMBERED_MS
    if (this.#isMissing || isUnknown || this.#producers.size > MAX_PRODUCERS) return false
    for (const { epoch, toldIn } of this.#producers.values()) {
      if (epoch !== this.#epoch && toldIn === undefined) return undefined
    }
    return true
  }

  #follow(known: Producer, number: number): Sighting {
    if (number === known.number) return { is: 'repeated' }
    if (number === (known.number + 1) % SIGNATURE_NUMBERS || known.toldIn === this.#doubts) return NEXT
    return { is: 'missed', after: known.id }
  }

  /** Of one that was not seen before all is known where it begins, or says that it wrote nothing since following began. */
  #meet(number: number, heartbeat: Heartbeat | undefined): Sighting {
    const isFirst = number === 1 || (heartbeat?.before && compareIds(heartbeat.before, this.#begin) <= 0)
    return isFirst ? NEXT : { is: 'unknown' }
  }

  #makeRoom(): void {
    if (this.#producers.size <= MAX_PRODUCERS) return
    for (const [producer, { toldIn }] of this.#producers) if (toldIn !== undefined) this.#producers.delete(producer)
  }
}
