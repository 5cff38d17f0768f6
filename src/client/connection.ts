import type { Frames } from './api.ts'
import type { ConnectionState } from './contract.ts'
import type { Credential, Handshake } from './credential.ts'
import { QuotewireError } from './error.ts'
import type { Frame } from './events.ts'

/** Both addresses speak the whole protocol. */
const PATH = '/api/v1/market/ws/market-data'
/** From the first thought of a connection to the server's welcome. */
const CONNECT_TIMEOUT_MS = 15_000
/** Before the first try again; it doubles with each that fails, and half of it is chance. */
const FIRST_RETRY_MS = 500
const LONGEST_RETRY_MS = 30_000
/** A token that could not be had is asked for again. */
const RENEW_AGAIN_MS = 5000
/** From here on something must be changed before one connects again. */
const FIRST_FINAL_CODE = 4500
/** What the client sent cannot be read; it would send it again. */
const UNREADABLE_CODES = new Set([1007, 1009])

export type Limits = Frames['welcome']['data']['limits']
export type ConnectionHandlers = {
  opened(limits: Limits): void
  frame(frame: Frame): void
  lost(state: ConnectionState): void
  /** For good. */
  ended(error: QuotewireError): void
}
export type ConnectionOptions = {
  readonly url: string
  readonly credential: () => Credential
  readonly handlers: ConnectionHandlers
}

/**
 * One WebSocket, opened again whenever it ends, until the server says that this is of no use. Its token is renewed when the
 * server says that it ends, and a server that is silent is asked whether it lives.
 */
export class Connection {
  readonly #options: ConnectionOptions
  readonly #address: string
  #socket: WebSocket | undefined
  #isWanted = false
  #isOpen = false
  /** Another one with every socket: what an older one still has to say counts no longer. */
  #turn = 0
  #failures = 0
  #retry: ReturnType<typeof setTimeout> | undefined
  #watch: ReturnType<typeof setTimeout> | undefined
  #heardAt = 0
  /** Why the server is about to end the connection. */
  #refusal: Frames['error']['data'] | undefined

  constructor(options: ConnectionOptions) {
    this.#options = options
    this.#address = options.url.replace(/^http/, 'ws') + PATH
  }

  /** Whether the server has said welcome. */
  get isOpen(): boolean {
    return this.#isOpen
  }

  open(): void {
    if (this.#isWanted) return
    this.#isWanted = true
    void this.#connect()
  }

  close(): void {
    this.#isWanted = false
    this.#drop()
  }

  send(frame: object): void {
    this.#socket?.send(JSON.stringify(frame))
  }

  async #connect(): Promise<void> {
    const turn = ++this.#turn
    this.#refusal = undefined
    this.#watch = setTimeout(() => this.#lose(`no welcome within ${CONNECT_TIMEOUT_MS} ms`), CONNECT_TIMEOUT_MS)
    try {
      const handshake = await this.#options.credential().handshake()
      if (turn === this.#turn) this.#listen(turn, handshake)
    } catch (error) {
      if (turn !== this.#turn) return
      const isRefused = error instanceof QuotewireError && (error.status === 401 || error.status === 403)
      if (isRefused) this.#end(error)
      else this.#lose(error instanceof Error ? error.message : String(error))
    }
  }

  #listen(turn: number, { protocols, query }: Handshake): void {
    let socket: WebSocket
    try {
      socket = new WebSocket(this.#address + query, [...protocols])
    } catch (cause) {
      // Of characters that no key and no token has.
      return this.#end(new QuotewireError('INVALID_REQUEST', 'The key or token cannot be sent', { cause }))
    }
    this.#socket = socket
    socket.addEventListener('message', ({ data }) => this.#read(turn, data))
    socket.addEventListener('close', ({ code, reason }) => {
      if (turn === this.#turn) this.#closed(code, reason)
    })
  }

  #read(turn: number, message: unknown): void {
    if (turn !== this.#turn) return
    this.#heardAt = performance.now()
    for (const frame of framesIn(message)) {
      if (turn === this.#turn) this.#take(turn, frame)
    }
  }

  #take(turn: number, frame: Frame): void {
    if (frame.type === 'welcome') return this.#welcome(turn, frame.data)
    if (frame.type === 'error' && frame.id === undefined) this.#refusal = frame.data
    if (frame.type === 'notice' && frame.data.code === 'TOKEN_EXPIRES') void this.#renew(turn)
    this.#options.handlers.frame(frame)
  }

  #welcome(turn: number, { authenticated, heartbeatMs, limits }: Frames['welcome']['data']): void {
    // Else the server says why not, and ends the connection.
    if (!authenticated) return
    clearTimeout(this.#watch)
    this.#isOpen = true
    this.#failures = 0
    this.#watchOver(turn, heartbeatMs)
    this.#options.handlers.opened(limits)
  }

  /** Of a network that is gone nobody is told: who is silent for two heartbeats, and does not answer, is gone. */
  #watchOver(turn: number, heartbeatMs: number): void {
    this.#watch = setTimeout(() => {
      if (turn !== this.#turn) return
      const silentMs = performance.now() - this.#heardAt
      if (silentMs >= 2 * heartbeatMs) return this.#lose('no sign of life')
      if (silentMs >= heartbeatMs / 2) this.send({ type: 'ping' })
      this.#watchOver(turn, heartbeatMs)
    }, heartbeatMs)
  }

  async #renew(turn: number): Promise<void> {
    const credential = this.#options.credential()
    if (!credential.newToken) return
    try {
      const token = await credential.newToken()
      if (turn === this.#turn) this.send({ type: 'auth', data: { token } })
    } catch {
      if (turn === this.#turn) this.#retry = setTimeout(() => void this.#renew(turn), RENEW_AGAIN_MS)
    }
  }

  #closed(closeCode: number, reason: string): void {
    const refusal = this.#refusal
    const because = refusal?.message ?? (reason || `the connection broke, or there was none (${closeCode})`)
    if (closeCode < FIRST_FINAL_CODE && !UNREADABLE_CODES.has(closeCode)) return this.#lose(because, closeCode)
    this.#end(new QuotewireError(refusal?.code ?? 'CONNECTION_ENDED', because, { details: { closeCode } }))
  }

  #lose(reason: string, code?: number): void {
    this.#drop()
    const longestMs = Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** this.#failures++)
    const retryInMs = Math.round(longestMs * (0.5 + Math.random() / 2))
    this.#retry = setTimeout(() => void this.#connect(), retryInMs)
    this.#options.handlers.lost({ state: 'lost', reason, ...(code !== undefined && { code }), retryInMs })
  }

  #end(error: QuotewireError): void {
    this.close()
    this.#options.handlers.ended(error)
  }

  #drop(): void {
    this.#turn++
    this.#isOpen = false
    clearTimeout(this.#retry)
    clearTimeout(this.#watch)
    this.#socket?.close()
    this.#socket = undefined
  }
}

/** What is no frame is passed over: a later version of the server may send more than this one knows. */
function framesIn(message: unknown): Frame[] {
  if (typeof message !== 'string') return []
  try {
    const frames = [JSON.parse(message) as Frame | Frame[] | null].flat()
    return frames.filter((frame) => typeof frame?.type === 'string')
  } catch {
    return []
  }
}
