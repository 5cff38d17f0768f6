import { MINUTE_MS } from '../../market/time.ts'

/** Counts requests of each key by minutes, as vendors do. */
export class RequestLimit {
  readonly #counts = new Map<string, { minute: number; requests: number }>()

  /** Whether a key may make one more of so many a minute; `at` in epoch milliseconds. */
  admits(key: string, perMinute: number, at: number): boolean {
    const minute = Math.floor(at / MINUTE_MS)
    const known = this.#counts.get(key)
    const requests = known?.minute === minute ? known.requests + 1 : 1
    this.#counts.set(key, { minute, requests })
    return requests <= perMinute
  }
}
