import { createHash, hash } from 'node:crypto'
import type { Answer, Encoded } from '../market/market-data.ts'
import { inSlices } from '../slices.ts'
import { jsonPieces } from './json-pieces.ts'
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

/** The three instants (epoch ms) of an answer; they travel with the value, so copying it never makes it fresher. */
export type Freshness = { receivedAt: number; freshUntil: number; staleUntil: number }

export function isNegative(entry: Entry<unknown>): entry is NegativeEntry {
  return 'absent' in entry
}

/** Encodes a value once, for every response that will carry it. */
export function answerOf<T>(value: T, freshness: Freshness): Answer<T> {
  return answerFrom(value, JSON.stringify(value), freshness)
}

/** The same for a value that may be long: yields wherever others may have their turn. */
export function* encodingAnswer<T>(value: T, freshness: Freshness): Generator<void, Answer<T>> {
  const pieces: Buffer[] = []
  let length = 0
  const digest = createHash('sha1')
  for (const text of jsonPieces(value)) {
    const piece = Buffer.from(text)
    digest.update(piece)
    pieces.push(piece)
    length += piece.length
    yield
  }
  const body = Buffer.allocUnsafeSlow(length)
  let end = 0
  for (const piece of pieces) {
    end += piece.copy(body, end)
    yield
  }
  const { receivedAt, freshUntil, staleUntil } = freshness
  const etag = etagOf(digest.digest('base64url'))
  return { value, body, etag, receivedAt, freshUntil, staleUntil }
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

const answerFrom = <T>(value: T, json: string, freshness: Freshness): Answer<T> =>
  answerWith(value, Buffer.from(json), json, freshness)

function answerWith<T>(value: T, body: Buffer, json: string, freshness: Freshness): Answer<T> {
  const { receivedAt, freshUntil, staleUntil } = freshness
  const isText = body.length === json.length && json.length <= MAX_TEXT_LENGTH
  const etag = etagOf(hash('sha1', body, 'base64url'))
  return { value, body, ...(isText && { text: json }), etag, receivedAt, freshUntil, staleUntil }
}

const etagOf = (digest: string) => `"${digest.slice(0, 20)}"`

const VALUE = ',"value":'
const REASON = ',"reason":'
const END = Buffer.from('}')

/**
 * An entry as Redis keeps it: one JSON object whose last member is the encoded value, and whose first is its place among
 * all of its key, where it has one.
 */
export function encodeEntry(entry: Entry<unknown>, order?: readonly number[]): string | Buffer {
  if (isNegative(entry)) {
    return `{"receivedAt":${entry.receivedAt},"freshUntil":${entry.freshUntil}${REASON}${JSON.stringify(entry.reason)}}`
  }
  const { receivedAt, freshUntil, staleUntil, body, text } = entry
  const place = order ? `"order":[${order.join()}],` : ''
  const head = `{${place}"receivedAt":${receivedAt},"freshUntil":${freshUntil},"staleUntil":${staleUntil}${VALUE}`
  return text === undefined ? Buffer.concat([Buffer.from(head), body, END]) : `${head}${text}}`
}

/** Reads what encodeEntry wrote; undefined for anything else, which then counts as a miss. */
export function decodeEntry<T>(text: string): Entry<T> | undefined {
  try {
    const stored = JSON.parse(text) as { value?: T; reason?: unknown } & Freshness
    if (!Number.isFinite(stored.receivedAt) || !Number.isFinite(stored.freshUntil)) return undefined
    if ('reason' in stored) {
      return { absent: true, reason: stored.reason, receivedAt: stored.receivedAt, freshUntil: stored.freshUntil }
    }
    if (stored.value === undefined || !Number.isFinite(stored.staleUntil)) return undefined
    return answerFrom(stored.value, text.slice(text.indexOf(VALUE) + VALUE.length, -1), stored)
  } catch {
    return undefined
  }
}
