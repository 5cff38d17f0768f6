/** What one user holds in this process. */
export type Holding = { readonly userId: string; connections: number; subscriptions: number }

/** Counts per user, for as long as they are connected. */
export class Users {
  readonly #byId = new Map<string, Holding>()

  get size(): number {
    return this.#byId.size
  }

  /** Of all users, those that are being asked for included. */
  get subscriptions(): number {
    let sum = 0
    for (const { subscriptions } of this.#byId.values()) sum += subscriptions
    return sum
  }

  /** Takes one more connection of a user, unless it would be one too many. */
  enter(userId: string, maxConnections: number): Holding | undefined {
    const holding = this.#byId.get(userId) ?? { userId, connections: 0, subscriptions: 0 }
    if (holding.connections >= maxConnections) return undefined
    holding.connections++
    this.#byId.set(userId, holding)
    return holding
  }

  leave(holding: Holding): void {
    holding.connections--
    if (holding.connections === 0) this.#byId.delete(holding.userId)
  }
}
