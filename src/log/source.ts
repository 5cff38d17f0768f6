import { randomBytes } from 'node:crypto'
import type { Redis } from 'ioredis'
import { LogEntry } from './entry.ts'
import { idOf, parseId, type Position } from './position.ts'

export type StreamId = { readonly idMs: number; readonly idSeq: number }

/** How far a shard reaches. */
export type Reach = {
  /** The oldest entry that is still there. */
  readonly first: StreamId | undefined
  /** The newest id ever given. */
  readonly last: StreamId | undefined
  /** Nothing was ever trimmed. */
  readonly isWhole: boolean
}

/** The streams of one log and the epoch that names its life. */
export type LogSource = {
  readonly shards: number
  key(shard: number): string
  epoch(): Promise<string>
  /** Replaces the epoch unless somebody else did; returns the one in force. */
  renewEpoch(known: string): Promise<string>
  reach(shard: number): Promise<Reach>
  read(from: Position, maxEntries: number): Promise<LogEntry[]>
}

const REPLACE_EPOCH = `
local held = redis.call('GET', KEYS[1])
if held and held ~= ARGV[1] then return held end
redis.call('SET', KEYS[1], ARGV[2])
return ARGV[2]`

/** Another number of shards is another log: symbols would be looked for in the wrong one. */
export function createSource(redis: Redis, shards: number): LogSource {
  const epochKey = `log:${shards}:epoch`
  const key = (shard: number) => `log:${shards}:{${shard}}`
  return {
    shards,
    key,
    async epoch() {
      const fresh = newEpoch()
      return (await redis.set(epochKey, fresh, 'NX', 'GET')) ?? fresh
    },
    async renewEpoch(known) {
      return (await redis.eval(REPLACE_EPOCH, 1, epochKey, known, newEpoch())) as string
    },
    async reach(shard) {
      const fields = new Map(pairsOf(await redis.xinfo('STREAM', key(shard)).catch(absentStream)))
      const first = fields.get('first-entry') as [string, unknown] | null | undefined
      const last = fields.get('last-generated-id') as string | undefined
      return {
        first: first ? parseId(first[0]) : undefined,
        last: last === undefined ? undefined : parseId(last),
        // Redis before 7 does not count, so that nothing is known to be whole.
        isWhole: fields.size === 0 || fields.get('entries-added') === fields.get('length')
      }
    },
    async read(from, maxEntries) {
      const found = await redis.xrangeBuffer(key(from.shard), idOf(from), '+', 'COUNT', maxEntries)
      return found.map(([id, fields]) => entryOf(from.shard, id, fields))
    }
  }
}

/** Reads a row of XRANGE or XREAD. */
export function entryOf(shard: number, id: Buffer, fields: readonly Buffer[]): LogEntry {
  const { idMs, idSeq } = parseId(id.toString('latin1'))
  return new LogEntry(shard, idMs, idSeq, fields[1]!)
}

const newEpoch = () => randomBytes(6).toString('hex')

function absentStream(error: unknown): unknown[] {
  if (String(error).includes('no such key')) return []
  throw error
}

function pairsOf(reply: unknown): [string, unknown][] {
  const flat = reply as readonly unknown[]
  return Array.from({ length: flat.length / 2 }, (_, index) => [String(flat[index * 2]), flat[index * 2 + 1]])
}
