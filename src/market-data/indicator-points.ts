import type { Bar } from '../market/bar.ts'
import type { IndicatorPoint, IndicatorPoints } from '../market/indicator.ts'

/**
 * Points of an indicator in columns, made into objects when they are read: twenty indicators over a month of minutes have
 * a million of them, and collecting so many that live at once takes the time of all other requests.
 */
export class PointColumns implements IndicatorPoints {
  readonly #bars: readonly Bar[]
  /** Of each point, in `#bars`. */
  readonly #indexes: Uint32Array
  #names: readonly string[] = []
  #columns: readonly Float64Array[] = []
  #length = 0

  /** `capacity`: how many points there can be. */
  constructor(bars: readonly Bar[], capacity: number) {
    this.#bars = bars
    this.#indexes = new Uint32Array(capacity)
  }

  get length(): number {
    return this.#length
  }

  /** The point of a bar; each point has values of the same names. */
  add(index: number, values: IndicatorPoint['values']): void {
    if (this.#length === 0) {
      this.#names = Object.keys(values)
      this.#columns = this.#names.map(() => new Float64Array(this.#indexes.length))
    }
    this.#indexes[this.#length] = index
    for (const [at, name] of this.#names.entries()) this.#columns[at]![this.#length] = values[name]!
    this.#length++
  }

  *[Symbol.iterator](): Generator<IndicatorPoint, void> {
    for (let at = 0; at < this.#length; at++) {
      const { start, complete } = this.#bars[this.#indexes[at]!]!
      const values: IndicatorPoint['values'] = {}
      for (const [column, name] of this.#names.entries()) values[name] = this.#columns[column]![at]!
      yield complete === false ? { start, values, complete } : { start, values }
    }
  }
}
