import { inSlices } from '../slices.ts'
import { isNegative, readAnswer, readingAnswer, type Entry, type Freshness, type NegativeEntry } from './entry.ts'
import type { Policy } from './policy.ts'

const VALUE = ',"value":'
const REASON = ',"reason":'
const END = '}'

/**
 * An entry as Redis keeps it: one JSON object whose last member is the encoded value, and whose first is its place among
 * all of its key, where it has one.
 */
export function encodeEntry(entry: Entry<unknown>, order?: readonly number[]): string | Buffer {
  if (isNegative(entry)) {
    return `{"receivedAt":${entry.receivedAt},"freshUntil":${entry.freshUntil}${REASON}${JSON.stringify(entry.reason)}${END}`
  }
  const { receivedAt, freshUntil, staleUntil, body, text } = entry
  const place = order ? `"order":[${order.join()}],` : ''
  const head = `{${place}"receivedAt":${receivedAt},"freshUntil":${freshUntil},"staleUntil":${staleUntil}${VALUE}`
  return text === undefined ? Buffer.concat([Buffer.from(head), body, Buffer.from(END)]) : `${head}${text}${END}`
}

/** No head is longer up to its `receivedAt`. */
export const MAX_HEAD_BYTES = 256
const HEAD = /^\{(?:"order":\[([-+.\de,]*)\],)?"receivedAt":(\d+(?:\.\d+)?),/

/** When an entry was received (epoch ms), and its place, by how it begins; undefined for what encodeEntry did not write. */
export function headOf(start: string): { receivedAt: number; order?: readonly number[] } | undefined {
  const [, order, receivedAt] = HEAD.exec(start) ?? []
  if (receivedAt === undefined) return undefined
  return { receivedAt: Number(receivedAt), ...(order !== undefined && { order: order.split(',').map(Number) }) }
}

/**
 * Reads what encodeEntry wrote; undefined for anything else, which then counts as a miss. Values that may be long are read
 * in slices.
 */
export async function decodeEntry<T>(
  stored: Buffer,
  { areLong }: Pick<Policy<T>, 'areLong'>
): Promise<Entry<T> | undefined> {
  try {
    const headEnd = stored.indexOf(VALUE)
    if (headEnd < 0 || stored.lastIndexOf(REASON, headEnd) >= 0) return negativeIn(stored.toString())
    const freshness = JSON.parse(stored.toString('utf8', 0, headEnd) + END) as Freshness
    const { receivedAt, freshUntil, staleUntil } = freshness
    const isWhole = [receivedAt, freshUntil, staleUntil].every(isInstant) && stored.at(-1) === END.charCodeAt(0)
    if (!isWhole) return undefined
    const json = stored.subarray(headEnd + VALUE.length, -END.length)
    return areLong ? await inSlices(readingAnswer<T>(json, freshness)) : readAnswer<T>(json, freshness)
  } catch {
    return undefined
  }
}

function negativeIn(text: string): NegativeEntry | undefined {
  const { reason, receivedAt, freshUntil } = JSON.parse(text) as Partial<NegativeEntry>
  if (reason === undefined || !isInstant(receivedAt) || !isInstant(freshUntil)) return undefined
  return { absent: true, reason, receivedAt, freshUntil }
}

const isInstant = (value: unknown): value is number => Number.isFinite(value)
