/** Up to so many items one is found by looking at each: a map of their places takes five times the memory of the list. */
const MAX_SEARCHED = 64
/** Of a list from which items rarely leave: a thousand are looked through in about a microsecond. */
export const MAX_SEARCHED_RARELY = 1024

/** A list without an order, iterated as an array; from however long a one an item leaves at once. */
export class Bag<T> {
  /** To be read only. */
  items: T[] = []
  #places: Map<T, number> | undefined
  readonly #maxSearched: number

  constructor(maxSearched = MAX_SEARCHED) {
    this.#maxSearched = maxSearched
  }

  get size(): number {
    return this.items.length
  }

  has(item: T): boolean {
    return this.#places ? this.#places.has(item) : this.items.includes(item)
  }

  /** The item must not be there yet. */
  add(item: T): void {
    this.#places?.set(item, this.items.length)
    // Most lists have one item, and V8 would keep room for sixteen more.
    if (this.items.length === 0) this.items = [item]
    else this.items.push(item)
    if (!this.#places && this.items.length > this.#maxSearched) {
      this.#places = placesOf(this.items)
    }
  }

  /** The same for several, without room for more of them. */
  addAll(items: readonly T[]): void {
    const held = this.items.length
    this.items = this.items.concat(items)
    if (this.#places) for (const [at, item] of items.entries()) this.#places.set(item, held + at)
    else if (this.items.length > this.#maxSearched) this.#places = placesOf(this.items)
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

const placesOf = <T>(items: readonly T[]) => new Map(items.map((each, at) => [each, at]))

/** Items that are there as often as they were added; nearly all of them once. */
export class CountedBag<T> {
  readonly #bag = new Bag<T>()
  /** How many times more than once. */
  #more: Map<T, number> | undefined

  get size(): number {
    return this.#bag.size
  }

  /** Each once; to be read only. */
  get items(): readonly T[] {
    return this.#bag.items
  }

  has(item: T): boolean {
    return this.#bag.has(item)
  }

  /** Whether it was not there before. */
  add(item: T): boolean {
    if (!this.#bag.has(item)) {
      this.#bag.add(item)
      return true
    }
    this.#more ??= new Map()
    this.#more.set(item, (this.#more.get(item) ?? 0) + 1)
    return false
  }

  /** Whether it was there for the last time. */
  delete(item: T): boolean {
    const more = this.#more?.get(item) ?? 0
    if (more > 0) {
      if (more > 1) this.#more!.set(item, more - 1)
      else this.#more!.delete(item)
      return false
    }
    const wasThere = this.#bag.has(item)
    this.#bag.delete(item)
    return wasThere
  }
}
