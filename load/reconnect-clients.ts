import { WebSocket } from 'ws'
import { reportReady } from '../src/embedded/child.ts'
import { answerQuestions } from './conversation.ts'

/** Clients that read every event, and resume from their cursor when they come back. */
export type ResumersWanted = { url: string; token: string; clients: number; symbols: string[]; symbolsEach: number }

/** What came, compared with how many trades of each symbol were published, numbered from 1 by their size. */
export type Balance = { received: number; lost: number; doubled: number; gaps: number; replayed: number }

type Frame = {
  type: string
  data: { symbol: string; trade: { size: number }; replayed: number }
  cursor?: string
}

const RETRY_MS = 200
const QUIET_MS = 500

class Resumer {
  readonly symbols: readonly string[]
  readonly counts = { received: 0, doubled: 0, skipped: 0, gaps: 0, replayed: 0 }
  readonly newest = new Map<string, number>()
  readonly #wanted: ResumersWanted
  #socket: WebSocket | undefined
  #cursor: string | undefined

  constructor(wanted: ResumersWanted, symbols: readonly string[]) {
    this.#wanted = wanted
    this.symbols = symbols
  }

  /** Resolves when the server has subscribed the client, or told that its replay is done. Tries until it is let in. */
  async connect(): Promise<void> {
    while (!(await this.#tryToConnect())) await new Promise((resolve) => setTimeout(resolve, RETRY_MS))
  }

  cut(): void {
    this.#socket?.terminate()
  }

  async #tryToConnect(): Promise<boolean> {
    const { url, token } = this.#wanted
    const socket = new WebSocket(`${url.replace('http', 'ws')}/api/v1/market/ws/stock-quotes`, {
      headers: { authorization: `Bearer ${token}` },
      perMessageDeflate: false
    })
    this.#socket = socket
    const awaited = this.#cursor === undefined ? 'snapshot' : 'resumed'
    const data = { type: 'stock_quotes', stream: 'trades', symbols: this.symbols, since: this.#cursor }
    socket.on('open', () => socket.send(JSON.stringify({ type: 'subscribe', data })))
    socket.on('error', () => undefined) // its end follows
    const { promise, resolve } = Promise.withResolvers<boolean>()
    socket.on('message', (message: Buffer) => {
      const frame = JSON.parse(message.toString()) as Frame
      this.#take(frame)
      if (frame.type === awaited) resolve(true)
    })
    socket.on('close', () => resolve(false))
    return promise
  }

  #take({ type, data, cursor }: Frame): void {
    if (cursor !== undefined) this.#cursor = cursor
    if (type === 'gap') this.counts.gaps++
    if (type === 'resumed') this.counts.replayed += data.replayed
    if (type !== 'trade') return
    const before = this.newest.get(data.symbol) ?? 0
    const { size } = data.trade
    this.counts.received++
    if (size <= before) this.counts.doubled++
    else this.counts.skipped += size - before - 1
    this.newest.set(data.symbol, Math.max(before, size))
  }
}

const resumers: Resumer[] = []

async function open(wanted: ResumersWanted): Promise<void> {
  const { clients, symbols, symbolsEach } = wanted
  for (let index = 0; index < clients; index++) {
    const own = Array.from({ length: symbolsEach }, (_, at) => symbols[(index * 7 + at) % symbols.length]!)
    const resumer = new Resumer(wanted, own)
    resumers.push(resumer)
    await resumer.connect()
  }
}

/** All lose their connection in one moment and come back at once. Resolves with the seconds until the last has resumed. */
async function storm(): Promise<number> {
  for (const resumer of resumers) resumer.cut()
  const startedAt = performance.now()
  await Promise.all(resumers.map((resumer) => resumer.connect()))
  return (performance.now() - startedAt) / 1000
}

async function balance({ published }: { published: Record<string, number> }): Promise<Balance> {
  const received = () => resumers.reduce((sum, { counts }) => sum + counts.received, 0)
  for (let before = -1; before !== received();) {
    before = received()
    await new Promise((resolve) => setTimeout(resolve, QUIET_MS))
  }
  const total = { received: received(), lost: 0, doubled: 0, gaps: 0, replayed: 0 }
  for (const { symbols, newest, counts } of resumers) {
    const unseen = symbols.reduce((sum, symbol) => sum + (published[symbol] ?? 0) - (newest.get(symbol) ?? 0), 0)
    total.lost += counts.skipped + unseen
    total.doubled += counts.doubled
    total.gaps += counts.gaps
    total.replayed += counts.replayed
  }
  return total
}

answerQuestions({ open, storm, balance })
reportReady('clients')
