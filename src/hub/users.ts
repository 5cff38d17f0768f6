/** What one user holds in this process. */
export type UserUsage = { readonly userId: string; connections: number; subscriptions: number }

/** Counts per user, for as long as they are connected. */
export class Users {
  readonly #byId = new Map<string, UserUsage>()

  get size(): number {
    return this.#byId.size
  }

  /** Of all users, those that are being asked for included. */
  get subscriptions(): number {
    let sum = 0
    for (const { subscriptions } of this.#byId.values()) sum += subscriptions
    return sum
  }

  connectionsOf(userId: string): number {
    return this.#byId.get(userId)?.connections ?? 0
  }

  /** Takes one more connection of a user, unless it would be one too many. */
  enter(userId: string, maxConnections: number): UserUsage | undefined {
    const usage = this.#byId.get(userId) ?? { userId, connections: 0, subscriptions: 0 }
    if (usage.connections >= maxConnections) return undefined
    usage.connections++
    this.#byId.set(userId, usage)
    return usage
  }

  leave(usage: UserUsage): void {
    usage.connections--
    if (usage.connections === 0) this.#byId.delete(usage.userId)
  }
}
