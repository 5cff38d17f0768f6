import type { IncomingHttpHeaders } from 'node:http'
import type { WebSocket } from 'ws'
import type { Exchange } from '../exchange.ts'
import type { Scenario } from '../scenarios.ts'
import type { Accounts } from '../vendors/upstox/accounts.ts'

/** What a stand-in of a stream works with. */
export type StreamContext = {
  readonly exchange: Exchange
  /** How often prices move. */
  readonly tickMs: number
  /** What goes wrong with this vendor now; each look counts. */
  readonly troubles: () => readonly Scenario[]
  /** Of Upstox' users, who ask for their addresses elsewhere. */
  readonly upstoxAccounts: Accounts
}

export type StreamRequest = {
  /** Behind the vendor's name, e.g. `/v2/iex`. */
  readonly path: string
  readonly query: URLSearchParams
  readonly headers: IncomingHttpHeaders
}

/** A vendor's streams in its own protocol. */
export interface StreamVendor {
  /** Whether there is a stream at the path. */
  knows(path: string): boolean
  /** The status that a handshake at a known path is refused with; undefined where it is taken. Absent: all are. */
  refuses?(request: StreamRequest): number | undefined
  /** A connection was made; the vendor owns it until one of both ends it. */
  connected(socket: WebSocket, request: StreamRequest): void
  close(): void
}
