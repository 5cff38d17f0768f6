import { parseInstantNs, type InstantNs } from '../market/instant-ns.ts'
import { isoOf } from '../market/time.ts'

/** An instant in an answer: RFC 3339 in UTC without zeros at its end as JSON, and a timestamp as MessagePack. */
export class WireInstant implements InstantNs {
  readonly ms: number
  readonly ns: number

  constructor({ ms, ns }: InstantNs) {
    this.ms = ms
    this.ns = ns
  }

  toJSON(): string {
    const [seconds, millis] = isoOf(this.ms).slice(0, -1).split('.')
    const fraction = `${millis}${String(this.ns).padStart(6, '0')}`.replace(/0+$/, '')
    return fraction === '' ? `${seconds}Z` : `${seconds}.${fraction}Z`
  }
}

/** Of an instant as our values have it. Throws RangeError for a text that is none. */
export function wireInstant(text: string): WireInstant {
  const instant = parseInstantNs(text)
  if (!instant) throw new RangeError(`${text} is no instant`)
  return new WireInstant(instant)
}
