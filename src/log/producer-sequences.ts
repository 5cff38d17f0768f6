import { SIGNED_BYTES, signatureOf, SIGNATURE_NUMBERS } from './entry.ts'

/** Of one shard. Where there were more, nothing is known of what is missing. */
const MAX_PRODUCERS = 256
/** For so long after it was found, a hole in a producer's numbers says that something may be missing. */
const HOLE_REMEMBERED_MS = 60_000

type Producer = { number: number; isHeard: boolean }

/**
 * Producers number their entries in a shard one by one. When the log has lost what it held, whoever followed it knows by the
 * next entry of each producer whether there was one that it had not read.
 */
export class ProducerSequences {
  readonly #producers = new Map<number, Producer>()
  #holeAt = -Infinity

  /** Takes the next entry of the shard. Says whether its producer wrote others that were never read. */
  read(entry: Buffer): boolean {
    if (entry.length < SIGNED_BYTES) return false
    const { producer, number } = signatureOf(entry)
    const known = this.#producers.get(producer)
    const isNext = number === ((known?.number ?? 0) + 1) % SIGNATURE_NUMBERS
    this.#producers.set(producer, { number, isHeard: true })
    if (!isNext || this.#producers.size > MAX_PRODUCERS) this.#holeAt = performance.now()
    return !isNext
  }

  /** From now on every producer is in doubt until its next entry comes. */
  doubt(): void {
    for (const producer of this.#producers.values()) producer.isHeard = false
  }

  /**
   * Whether each producer that was in doubt has written since, and every entry that was read was the one that was due;
   * undefined as long as it may turn out so.
   */
  get isWhole(): boolean | undefined {
    if (performance.now() - this.#holeAt < HOLE_REMEMBERED_MS) return false
    for (const { isHeard } of this.#producers.values()) if (!isHeard) return undefined
    return true
  }
}
