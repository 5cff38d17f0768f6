import { hash } from 'node:crypto'
import type { Answer } from '../market/market-data.ts'
import type { Policy } from './policy.ts'

/** A remembered "there is no such thing": `reason` rebuilds the error. */
export type Absence = {
  readonly absent: true
  readonly reason: unknown
  readonly receivedAt: number
  readonly freshUntil: number
}

export type Entry<T> = Answer<T> | Absence

/** The three instants (epoch ms) of an answer; they travel with the value, so copying it never makes it fresher. */
export type Freshness = { receivedAt: number; freshUntil: number; staleUntil: number }

export function isAbsence(entry: Entry<unknown>): entry is Absence {
  return 'absent' in entry
}

/** Encodes a value once, for every response that will carry it. */
export function answerOf<T>(value: T, freshness: Freshness): Answer<T> {
  return answerFrom(value, Buffer.from(JSON.stringify(value)), freshness)
}

/** A value as its policy keeps it from an instant (epoch ms) on. */
export function freshAnswer<T>(
  value: T,
  receivedAt: number,
  policy: Pick<Policy<T>, 'freshMs' | 'staleMs'>
): Answer<T> {
  const freshUntil = receivedAt + policy.freshMs(value)
  return answerOf(value, { receivedAt, freshUntil, staleUntil: freshUntil + policy.staleMs })
}

function answerFrom<T>(value: T, body: Buffer, { receivedAt, freshUntil, staleUntil }: Freshness): Answer<T> {
  const etag = `"${hash('sha1', body, 'base64url').slice(0, 20)}"`
  return { value, body, etag, receivedAt, freshUntil, staleUntil }
}

const VALUE = ',"value":'
const REASON = ',"reason":'

/** An entry as Redis keeps it: one JSON object whose last member is the encoded value. */
export function encodeEntry(entry: Entry<unknown>): string {
  if (isAbsence(entry)) {
    return `{"receivedAt":${entry.receivedAt},"freshUntil":${entry.freshUntil}${REASON}${JSON.stringify(entry.reason)}}`
  }
  const { receivedAt, freshUntil, staleUntil, body } = entry
  return `{"receivedAt":${receivedAt},"freshUntil":${freshUntil},"staleUntil":${staleUntil}${VALUE}${body.toString()}}`
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
    const body = Buffer.from(text.slice(text.indexOf(VALUE) + VALUE.length, -1))
    return answerFrom(stored.value, body, stored)
  } catch {
    return undefined
  }
}
