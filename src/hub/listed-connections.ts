import type { LiveConnection } from '../market/live-connection.ts'

/** A live connection that can be looked at, and ended. */
export interface ListedConnection {
  readonly id: string
  describe(): LiveConnection
  /** Ends it because an operator said so; the client may come again. */
  dismiss(): void
}

export type ConnectionQuery = {
  /** Of the user of this name alone. */
  readonly user?: string | undefined
  /** The last one of the page before. */
  readonly after?: string | undefined
  readonly limit: number
}
export type ConnectionPage = { readonly total: number; readonly connections: readonly LiveConnection[] }

/** All live connections of one process, in whatever protocol. */
export class ListedConnections {
  readonly #sources: (() => Iterable<ListedConnection>)[] = []

  add(source: () => Iterable<ListedConnection>): void {
    this.#sources.push(source)
  }

  /** In the order of their ids; `total` counts those of all pages. */
  page({ user, after = '', limit }: ConnectionQuery): ConnectionPage {
    const all = this.#sources.flatMap((source) => [...source()])
    const chosen = user === undefined ? all : all.filter((connection) => connection.describe().user === user)
    const later = chosen.filter(({ id }) => id > after).sort((a, b) => (a.id < b.id ? -1 : 1))
    return { total: chosen.length, connections: later.slice(0, limit).map((connection) => connection.describe()) }
  }

  /** Ends a connection; what it was, or undefined where it is none of this process. */
  dismiss(id: string): LiveConnection | undefined {
    for (const source of this.#sources) {
      for (const connection of source()) {
        if (connection.id !== id) continue
        const was = connection.describe()
        connection.dismiss()
        return was
      }
    }
    return undefined
  }
}
