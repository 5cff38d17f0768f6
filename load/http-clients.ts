import { connect, type Socket } from 'node:net'
import { reportReady } from '../src/embedded/child.ts'
import { answerQuestions } from './conversation.ts'
import { atPace } from './pace.ts'
import { quantileOf } from './processes.ts'

/** Keep-alive clients of one server, in a process of their own, each with one request on its way at a time. */
export type RequestsWanted = {
  url: string
  requests: readonly { path: string; headers: Record<string, string> }[]
  connections: number
  seconds: number
  /** Requests per second over all connections; as fast as the server answers where absent. */
  rate?: number
}

/**
 * Latencies in milliseconds: from the instant a request was due until its answer was whole. At a rate, those of requests that
 * were on their way while the clients themselves stood still are left out.
 */
export type Answered = { requests: number; seconds: number; p50Ms: number; p99Ms: number; leftOut: number }

const MAX_SAMPLES = 4_000_000
/** Clients that wake up every millisecond and did not for so long were held up by the machine, or collected garbage. */
const STANDSTILL_MS = 4
/** All sockets of a process read into it in turn. */
const READ_BUFFER = Buffer.allocUnsafeSlow(256 * 1024)
const END_OF_HEAD = Buffer.from('\r\n\r\n')
const LENGTH = /content-length: (\d+)/i
const STATUS_AT = 'HTTP/1.1 '.length

/** Kept from round to round: what is asked for anew in each would be collected in the middle of one. */
const latencies = new Float64Array(MAX_SAMPLES)

/** One connection. It is cheaper than the server it measures: of an answer it reads the status and the length. */
class HttpClient {
  readonly #socket: Socket
  readonly #onAnswer: (client: HttpClient, dueAt: number) => void
  readonly #onFailure: (error: Error) => void
  readonly connected: Promise<void>
  #dueAt = 0
  #rest: Buffer | undefined

  constructor(url: string, onAnswer: (client: HttpClient, dueAt: number) => void, onFailure: (error: Error) => void) {
    const { hostname, port } = new URL(url)
    this.#onAnswer = onAnswer
    this.#onFailure = onFailure
    const onread = {
      buffer: READ_BUFFER,
      callback: (bytes: number) => {
        this.#read(READ_BUFFER.subarray(0, bytes))
        return true
      }
    }
    this.#socket = connect({ host: hostname, port: Number(port), noDelay: true, onread })
    this.#socket.on('error', onFailure)
    this.#socket.once('close', () => onFailure(new Error('the server ended a connection')))
    this.connected = new Promise((resolve) => this.#socket.once('connect', resolve))
  }

  ask(request: Buffer, dueAt: number): void {
    this.#dueAt = dueAt
    this.#socket.write(request)
  }

  close(): void {
    this.#socket.destroy()
  }

  #read(chunk: Buffer): void {
    const data = this.#rest ? Buffer.concat([this.#rest, chunk]) : chunk
    const headEnd = data.indexOf(END_OF_HEAD)
    const head = headEnd < 0 ? '' : data.toString('latin1', 0, headEnd)
    const length = Number(LENGTH.exec(head)?.[1])
    if (headEnd >= 0 && !(head.startsWith('200', STATUS_AT) && length >= 0)) {
      return this.#onFailure(new Error(`an answer is not as expected: ${head}`))
    }
    if (headEnd < 0 || data.length < headEnd + END_OF_HEAD.length + length) {
      this.#rest = Buffer.from(data)
      return
    }
    this.#rest = undefined
    this.#onAnswer(this, this.#dueAt)
  }
}

/** Requests over all connections for a while. A connection that fails ends it. */
class Round {
  readonly ended: Promise<void>
  readonly #wanted: RequestsWanted
  readonly #requests: readonly Buffer[]
  readonly #clients: readonly HttpClient[]
  readonly #idle: HttpClient[] = []
  /** Since when requests wait for a client, in milliseconds. */
  readonly #due: number[] = []
  readonly #onEnd: () => void
  #asked = 0
  #answered = 0
  #measured = 0
  #awakeAt = performance.now()
  /** Of what was due before, latencies tell more of the clients than of the server. */
  #stoodStillUntil = 0
  #isOver = false

  constructor(wanted: RequestsWanted) {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    this.ended = promise
    this.#onEnd = resolve
    this.#wanted = wanted
    this.#requests = wanted.requests.map((request) => bytesOf(request))
    this.#clients = Array.from({ length: wanted.connections }, () => new HttpClient(wanted.url, this.#take, reject))
  }

  async run(): Promise<Answered> {
    const { rate, seconds } = this.#wanted
    try {
      await Promise.race([Promise.all(this.#clients.map(({ connected }) => connected)), this.ended])
      const startedAt = performance.now()
      this.#awakeAt = startedAt
      if (rate === undefined) for (const client of this.#clients) this.#ask(client, startedAt)
      else {
        this.#idle.push(...this.#clients)
        // What came due during a standstill would be a burst that nobody meant to offer.
        void atPace(rate, seconds, (count) => this.#offer(count), STANDSTILL_MS)
      }
      setTimeout(() => this.#finish(), seconds * 1000)
      await this.ended
      const elapsedMs = performance.now() - startedAt
      const sorted = latencies.slice(0, Math.min(this.#measured, MAX_SAMPLES)).sort()
      return {
        requests: this.#answered,
        seconds: elapsedMs / 1000,
        p50Ms: quantileOf(sorted, 0.5),
        p99Ms: quantileOf(sorted, 0.99),
        leftOut: this.#answered - this.#measured
      }
    } finally {
      for (const client of this.#clients) client.close()
    }
  }

  #offer(count: number): void {
    const now = performance.now()
    this.#noteAwake(now)
    for (let offered = 0; offered < count; offered++) {
      const client = this.#idle.pop()
      if (client) this.#ask(client, now)
      else this.#due.push(now)
    }
  }

  #ask(client: HttpClient, dueAt: number): void {
    client.ask(this.#requests[this.#asked++ % this.#requests.length]!, dueAt)
  }

  readonly #take = (client: HttpClient, dueAt: number): void => {
    const now = performance.now()
    this.#noteAwake(now)
    this.#answered++
    if (dueAt >= this.#stoodStillUntil) latencies[this.#measured++ % MAX_SAMPLES] = now - dueAt
    const isGreedy = this.#wanted.rate === undefined && !this.#isOver
    const next = isGreedy ? now : this.#due.shift()
    if (next !== undefined) return this.#ask(client, next)
    this.#idle.push(client)
    if (this.#isOver) this.#finish()
  }

  /** Without a rate nothing wakes the clients but the server. */
  #noteAwake(now: number): void {
    if (this.#wanted.rate !== undefined && now - this.#awakeAt > STANDSTILL_MS) this.#stoodStillUntil = now
    this.#awakeAt = now
  }

  #finish(): void {
    this.#isOver = true
    if (this.#answered === this.#asked) this.#onEnd()
  }
}

function bytesOf({ path, headers }: RequestsWanted['requests'][number]): Buffer {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  return Buffer.from(`GET ${path} HTTP/1.1\r\nHost: load\r\n${lines.join('')}\r\n`)
}

answerQuestions({ measure: (wanted: RequestsWanted) => new Round(wanted).run() })
reportReady('clients')
