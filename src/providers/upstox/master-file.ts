import { pipeline, Readable } from 'node:stream'
import type { ReadableStream } from 'node:stream/web'
import { createGunzip } from 'node:zlib'
import { fetch } from 'undici'
import type { MasterExchange } from '../../market/instrument-master.ts'
import { createDispatcher } from '../http.ts'
import { JsonRows, JsonRowsError } from '../json-rows.ts'

const DEFAULT_BASE_URL = 'https://assets.upstox.com/market-quote/instruments/exchange'
/** Of one file, unzipped: ten times what all exchanges of India have together. */
const MAX_CHARACTERS = 1_000_000_000
const CHUNK_BYTES = 64 * 1024
const GZIP_MAGIC = [0x1f, 0x8b]

/** A master file could not be had, or not whole: nothing of it may be believed. */
export class MasterFileError extends Error {
  constructor(exchange: MasterExchange, problem: string, options?: ErrorOptions) {
    super(`the master file of ${exchange} ${problem}`, options)
    this.name = 'MasterFileError'
  }
}

export type MasterFileOptions = {
  /** The folder of the files; the vendor's unless told. */
  readonly baseUrl?: string | undefined
  readonly exchange: MasterExchange
  readonly signal: AbortSignal
}

/**
 * The rows of an exchange's master file, in pieces, as they come over the network. Throws MasterFileError where the file
 * cannot be had, where it is no array of objects, and at its end where it is not whole; or the signal's reason.
 */
export async function* masterRows(options: MasterFileOptions): AsyncGenerator<unknown[], void> {
  const { baseUrl = DEFAULT_BASE_URL, exchange, signal } = options
  const dispatcher = createDispatcher()
  try {
    const url = `${baseUrl.replace(/\/$/, '')}/${exchange}.json.gz`
    const response = await fetch(url, { dispatcher, signal })
    if (response.status !== 200) throw new MasterFileError(exchange, `was refused with status ${response.status}`)
    const rows = new JsonRows()
    let length = 0
    for await (const text of textOf(response.body as ReadableStream<Uint8Array>)) {
      length += text.length
      if (length > MAX_CHARACTERS) throw new MasterFileError(exchange, 'is too long')
      yield rows.push(text)
    }
    rows.end()
  } catch (error) {
    signal.throwIfAborted()
    throw error instanceof MasterFileError ? error : new MasterFileError(exchange, problemOf(error), { cause: error })
  } finally {
    await dispatcher.destroy()
  }
}

/** Servers unzip it on the way or do not: its first bytes tell. */
async function* textOf(body: ReadableStream<Uint8Array>): AsyncGenerator<string, void> {
  const chunks = body[Symbol.asyncIterator]()
  const first = (await chunks.next()).value
  if (first === undefined) return
  const bytes = Readable.from(withFirst(first, chunks), { objectMode: false })
  const isZipped = GZIP_MAGIC.every((byte, at) => first[at] === byte)
  // What goes wrong ends the reading of what comes out, which is where it is told.
  const unzipped = isZipped ? pipeline(bytes, createGunzip({ chunkSize: CHUNK_BYTES }), () => undefined) : bytes
  const decoder = new TextDecoder()
  for await (const chunk of unzipped) yield decoder.decode(chunk as Uint8Array, { stream: true })
}

async function* withFirst(first: Uint8Array, rest: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array, void> {
  yield first
  yield* { [Symbol.asyncIterator]: () => rest }
}

function problemOf(error: unknown): string {
  if (error instanceof JsonRowsError) return `is not what it should be: ${error.message}`
  const { code, message } = error as NodeJS.ErrnoException
  if (code?.startsWith('Z_')) return `cannot be unzipped: ${message}`
  const cause = (error as { cause?: { code?: unknown } }).cause?.code
  return `did not come whole (${typeof cause === 'string' ? cause : 'network error'})`
}
