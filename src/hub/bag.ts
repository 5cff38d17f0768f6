/** Up to so many items one is found by looking at each. */
const MAX_SEARCHED = 32

/** A list without an order, iterated as an array; from however long a one an item leaves at once. */
export class Bag<T> {
  /** To be read only. */
  readonly items: T[] = []
  #places: Map<T, number> | undefined

  get size(): number {
    return this.items.length
  }

  /** The item must not be there yet. */
  add(item: T): void {
    this.#places?.set(item, this.items.length)
    this.items.push(item)
    if (!this.#places && this.items.length > MAX_SEARCHED) {
      this.#places = new Map(this.items.map((each, at) => [each, at]))
    }
  }

  delete(item: T): void {
    const at = this.#places ? (this.#places.get(item) ?? -1) : this.items.indexOf(item)
    if (at < 0) return
    this.#places?.delete(item)
    const last = this.items.pop()!
    if (last !== item) {
      this.items[at] = last
      this.#places?.set(last, at)
    }
    if (this.items.length === 0) this.#places = undefined
  }
}
