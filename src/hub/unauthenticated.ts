/** Connections of one network that may wait to say who they are. */
const MAX_PER_NETWORK = 10

type Newcomer = { readonly network: string; readonly sendAway: () => void }

/**
 * Connections that have not said who they are: few of one network, and few in all, so that they never take the places of
 * those who have. Where there is one too many, the one that has waited longest is sent away: who is quick gets in,
 * however many others only wait.
 */
export class Newcomers {
  readonly #max: number
  /** In the order of their coming. */
  readonly #all = new Set<Newcomer>()
  readonly #byNetwork = new Map<string, Set<Newcomer>>()

  /** `max`: in all. */
  constructor(max: number) {
    this.#max = max
  }

  get size(): number {
    return this.#all.size
  }

  /** Takes one more. What it returns is to be called when it has said who it is, or is gone; more often does no harm. */
  enter(network: string, sendAway: () => void): () => void {
    const newcomer = { network, sendAway }
    const neighbours = this.#byNetwork.get(network) ?? new Set<Newcomer>()
    this.#byNetwork.set(network, neighbours)
    neighbours.add(newcomer)
    this.#all.add(newcomer)
    if (neighbours.size > MAX_PER_NETWORK) this.#sendAwayFirst(neighbours)
    else if (this.#all.size > this.#max) this.#sendAwayFirst(this.#all)
    return () => this.#leave(newcomer)
  }

  #sendAwayFirst(newcomers: ReadonlySet<Newcomer>): void {
    const [first] = newcomers
    this.#leave(first!)
    first!.sendAway()
  }

  #leave(newcomer: Newcomer): void {
    if (!this.#all.delete(newcomer)) return
    const neighbours = this.#byNetwork.get(newcomer.network)!
    neighbours.delete(newcomer)
    if (neighbours.size === 0) this.#byNetwork.delete(newcomer.network)
  }
}
