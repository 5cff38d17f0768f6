import type { RawData, WebSocket } from 'ws'
import { RequestMode } from '../../../streams/upstox/wire/market-data-feed_pb.js'
import type { Account } from '../../vendors/upstox/accounts.ts'

/** More unsent bytes than this, and the vendor cuts the client off without a word. */
const MAX_UNSENT_BYTES = 8 * 1024 * 1024

type Cap = { readonly mode: RequestMode; readonly alone: number; readonly mixed: number; readonly isPlus?: true }

const CAPS: Readonly<Record<string, Cap>> = {
  ltpc: { mode: RequestMode.ltpc, alone: 5000, mixed: 2000 },
  option_greeks: { mode: RequestMode.option_greeks, alone: 3000, mixed: 2000 },
  full: { mode: RequestMode.full_d5, alone: 2000, mixed: 1500 },
  full_d30: { mode: RequestMode.full_d30, alone: 50, mixed: 50, isPlus: true }
}

export type ConnectionOptions = {
  readonly socket: WebSocket
  readonly account: Account
  /** Whether there is an instrument of that key. */
  readonly knows: (key: string) => boolean
  /** So many instruments the user has in each mode, on all of his connections. */
  readonly heldBy: (user: string) => ReadonlyMap<RequestMode, number>
  /** Subscribed to newly, or in another mode. */
  readonly subscribed: (connection: UpstoxConnection, keys: readonly string[]) => void
  /** Nothing is answered, and nothing sent. */
  readonly isDead: () => boolean
}

/** One client of the simulated Upstox. What is not known, not understood or over a cap is not answered. */
export class UpstoxConnection {
  readonly #options: ConnectionOptions
  readonly #modes = new Map<string, RequestMode>()

  constructor(options: ConnectionOptions) {
    this.#options = options
    options.socket.on('message', (data) => {
      if (!options.isDead()) this.#received(data)
    })
    options.socket.on('error', () => undefined)
  }

  get account(): Account {
    return this.#options.account
  }

  /** By instrument key. */
  get modes(): ReadonlyMap<string, RequestMode> {
    return this.#modes
  }

  send(frame: Uint8Array): void {
    const { socket, isDead } = this.#options
    if (socket.readyState !== socket.OPEN || isDead()) return
    if (socket.bufferedAmount > MAX_UNSENT_BYTES) return this.drop()
    socket.send(frame)
  }

  /** The token of the connection ended. */
  end(): void {
    this.#options.socket.close(1000)
  }

  drop(): void {
    this.#options.socket.terminate()
  }

  #received(data: RawData): void {
    const { method, mode, keys } = requestIn(data)
    if (method === 'unsub') for (const key of keys) this.#modes.delete(key)
    if (method !== 'sub' && method !== 'change_mode') return
    const cap = CAPS[mode]
    if (!cap || (cap.isPlus && !this.account.isPlus)) return
    const isAsked = (key: string) => (method === 'sub' ? this.#options.knows(key) : this.#modes.has(key))
    const changed = keys.filter((key) => isAsked(key) && this.#take(key, cap))
    if (changed.length > 0) this.#options.subscribed(this, changed)
  }

  #take(key: string, { mode, alone, mixed }: Cap): boolean {
    const before = this.#modes.get(key)
    this.#modes.delete(key)
    const held = this.#options.heldBy(this.account.user)
    const others = [...held.keys()].some((each) => each !== mode)
    const hasRoom = (held.get(mode) ?? 0) < (others ? mixed : alone)
    const next = hasRoom ? mode : before
    if (next !== undefined) this.#modes.set(key, next)
    return hasRoom
  }
}

/** Whatever a frame holds. */
function requestIn(data: RawData): { method: string; mode: string; keys: string[] } {
  try {
    const text = Buffer.isBuffer(data) ? data.toString() : ''
    const { method, data: told } = JSON.parse(text) as { method?: unknown; data: Record<string, unknown> }
    const { mode = 'ltpc', instrumentKeys } = told
    const keys = Array.isArray(instrumentKeys) ? instrumentKeys.map(String) : []
    return { method: String(method), mode: String(mode), keys }
  } catch {
    return { method: '', mode: '', keys: [] }
  }
}
