import { createHash, hash } from 'node:crypto'
import type { Answer, Encoded } from '../market/market-data.ts'
import { inSlices } from '../slices.ts'
import { jsonPieces } from './json-pieces.ts'
import { readingJson } from './json-reader.ts'
import type { Policy } from './policy.ts'

/** A remembered "there is no such thing": `reason` rebuilds the error. */
export type NegativeEntry = {
  readonly absent: true
  readonly reason: unknown
  readonly receivedAt: number
  readonly freshUntil: number
}

export type Entry<T> = Answer<T> | NegativeEntry

/** Longer bodies cost more as a string than a second write. */
const MAX_TEXT_LENGTH = 4096
/** Of UTF-8, for each unit of UTF-16. */
const MOST_BYTES_PER_UNIT = 3
/** So much of a long body is copied and hashed at once. */
const BYTES_AT_ONCE = 256 * 1024

/** The three instants (epoch ms) of an answer; they travel with the value, so copying it never makes it fresher. */
export type Freshness = { receivedAt: number; freshUntil: number; staleUntil: number }

export function isNegative(entry: Entry<unknown>): entry is NegativeEntry {
  return 'absent' in entry
}

/** Encodes a value once, for every response that will carry it. */
export function answerOf<T>(value: T, freshness: Freshness): Answer<T> {
  const json = JSON.stringify(value)
  return answerWith(value, Buffer.from(json), json, freshness)
}

/** The same for a value that may be long: yields wherever others may have their turn. */
export function* encodingAnswer<T>(value: T, freshness: Freshness): Generator<void, Answer<T>> {
  const written: Buffer[] = []
  let piece = Buffer.alloc(0)
  let end = 0
  const digest = createHash('sha1')
  const finishPiece = () => {
    const bytes = piece.subarray(0, end)
    digest.update(bytes)
    written.push(bytes)
  }
  for (const text of jsonPieces(value)) {
    const mostBytes = text.length * MOST_BYTES_PER_UNIT
    if (piece.length - end < mostBytes) {
      finishPiece()
      piece = Buffer.allocUnsafeSlow(Math.max(BYTES_AT_ONCE, mostBytes))
      end = 0
    }
    end += piece.write(text, end)
    yield
  }
  finishPiece()
  const body = Buffer.allocUnsafeSlow(written.reduce((length, bytes) => length + bytes.length, 0))
  let copied = 0
  for (const bytes of written) {
    copied += bytes.copy(body, copied)
    yield
  }
  const { receivedAt, freshUntil, staleUntil } = freshness
  const etag = etagOf(digest.digest('base64url'))
  return { value, body, etag, receivedAt, freshUntil, staleUntil }
}

/** The answer whose JSON is given; the bytes are copied. Throws SyntaxError. */
export function readAnswer<T>(json: Buffer, freshness: Freshness): Answer<T> {
  const text = json.toString()
  return answerWith(JSON.parse(text) as T, Buffer.from(json), text, freshness)
}

/** The same for a value that may be long: yields wherever others may have their turn. */
export function* readingAnswer<T>(json: Buffer, freshness: Freshness): Generator<void, Answer<T>> {
  const body = Buffer.allocUnsafeSlow(json.length)
  const digest = createHash('sha1')
  for (let at = 0; at < json.length; at += BYTES_AT_ONCE) {
    const piece = json.subarray(at, at + BYTES_AT_ONCE)
    digest.update(piece)
    body.set(piece, at)
    yield
  }
  const value = (yield* readingJson(body)) as T
  const { receivedAt, freshUntil, staleUntil } = freshness
  return { value, body, etag: etagOf(digest.digest('base64url')), receivedAt, freshUntil, staleUntil }
}

/** Encodes a value of a policy: at once, or in slices where its values may be long. */
export function answerUnder<T>(
  { areLong }: Pick<Policy<T>, 'areLong'>,
  value: T,
  freshness: Freshness
): Answer<T> | Promise<Answer<T>> {
  return areLong ? inSlices(encodingAnswer(value, freshness)) : answerOf(value, freshness)
}

/** How long a policy keeps a value from an instant (epoch ms) on. */
export function freshnessOf<T>(
  value: T,
  receivedAt: number,
  policy: Pick<Policy<T>, 'freshMs' | 'staleMs'>
): Freshness {
  const freshUntil = receivedAt + policy.freshMs(value)
  return { receivedAt, freshUntil, staleUntil: freshUntil + policy.staleMs }
}

/** The same for a value that is encoded already. */
export const encodedAnswer = <T>({ value, body }: Encoded<T>, freshness: Freshness): Answer<T> =>
  answerWith(value, body, body.toString(), freshness)

function answerWith<T>(value: T, body: Buffer, json: string, freshness: Freshness): Answer<T> {
  const { receivedAt, freshUntil, staleUntil } = freshness
  const isText = body.length === json.length && json.length <= MAX_TEXT_LENGTH
  const etag = etagOf(hash('sha1', body, 'base64url'))
  return { value, body, ...(isText && { text: json }), etag, receivedAt, freshUntil, staleUntil }
}

const etagOf = (digest: string) => `"${digest.slice(0, 20)}"`
