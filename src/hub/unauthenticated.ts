/** Connections of one network that may wait to say who they are. */
const MAX_PER_NETWORK = 10

type Unauthenticated = { readonly network: string; readonly sendAway: () => void }

/**
 * Connections that have not said who they are: few of one network, and few in all, so that they never take the places of
 * those who have. Where there is one too many, the one that has waited longest is sent away: who is quick gets in,
 * however many others only wait.
 */
export class UnauthenticatedConnections {
  readonly #max: number
  /** In the order of their coming. */
  readonly #all = new Set<Unauthenticated>()
  readonly #byNetwork = new Map<string, Set<Unauthenticated>>()

  /** `max`: in all. */
  constructor(max: number) {
    this.#max = max
  }

  get size(): number {
    return this.#all.size
  }

  /** Takes one more. What it returns is to be called when it has said who it is, or is gone; more often does no harm. */
  enter(network: string, sendAway: () => void): () => void {
    const connection = { network, sendAway }
    const neighbours = this.#byNetwork.get(network) ?? new Set<Unauthenticated>()
    this.#byNetwork.set(network, neighbours)
    neighbours.add(connection)
    this.#all.add(connection)
    if (neighbours.size > MAX_PER_NETWORK) this.#sendAwayFirst(neighbours)
    else if (this.#all.size > this.#max) this.#sendAwayFirst(this.#all)
    return () => this.#leave(connection)
  }

  #sendAwayFirst(unauthenticated: ReadonlySet<Unauthenticated>): void {
    const [first] = unauthenticated
    this.#leave(first!)
    first!.sendAway()
  }

  #leave(connection: Unauthenticated): void {
    if (!this.#all.delete(connection)) return
    const neighbours = this.#byNetwork.get(connection.network)!
    neighbours.delete(connection)
    if (neighbours.size === 0) this.#byNetwork.delete(connection.network)
  }
}
