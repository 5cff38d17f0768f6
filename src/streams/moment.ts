import { formatInstantNs } from '../market/instant-ns.ts'
import { instantIn, type Wire } from './fields.ts'

/** An instant as a tick carries it, and in epoch milliseconds. */
export type Moment = { readonly text: string; readonly ms: number }

const SECOND_LENGTH = 'YYYY-MM-DDTHH:MM:SS'.length
/** As instants are written here: three, six or nine digits, the last three not all zero but where there are only three. */
const CANONICAL_FRACTION = /^\.\d{3}(?:(?:\d{3})?(?!000)\d{3})?Z$/

/** Reads instants. Those that follow each other mostly lie in one second, and that second need not be read again. */
export class MomentReader {
  #second = ''
  #secondMs = 0

  /** Throws FieldError where the field is no instant, or one that cannot be. */
  read(wire: Wire, field: string, receivedAt: number): Moment {
    const told = wire[field]
    const fraction = typeof told === 'string' && told.startsWith(this.#second) ? told.slice(SECOND_LENGTH) : ''
    if (this.#second !== '' && this.#secondMs <= receivedAt && CANONICAL_FRACTION.test(fraction)) {
      return { text: told as string, ms: this.#secondMs + Number(fraction.slice(1, 4)) }
    }
    const instant = instantIn(wire, field, receivedAt)
    const text = formatInstantNs(instant)
    this.#second = text.slice(0, SECOND_LENGTH)
    this.#secondMs = Math.floor(instant.ms / 1000) * 1000
    return { text, ms: instant.ms }
  }
}
