import { randomBytes } from 'node:crypto'
import type { Redis } from 'ioredis'
import { LogEntry } from './entry.ts'
import { idOf, parseId, type Position } from './position.ts'

/** The field that holds an entry. Whatever has none was written by somebody else. */
const FIELD = 'e'
/** A trimmed shard is left some room, so that it is not trimmed again at once. */
const TRIM_TO = 0.9

export type StreamId = { readonly idMs: number; readonly idSeq: number }

/** A stream entry as Redis gives it: its id, then fields and values in turn. */
export type Row = readonly [id: Buffer, fields: readonly Buffer[]]

/** How far a shard reaches. */
export type Reach = {
  /** The oldest entry that is still there. */
  readonly first: StreamId | undefined
  /** The newest id ever given. */
  readonly last: StreamId | undefined
  /** Nothing was ever trimmed. */
  readonly isWhole: boolean
}

/** The streams of one log and the epoch that names its life, over one connection. */
export type LogSource = {
  readonly shards: number
  key(shard: number): string
  epoch(): Promise<string>
  /** Replaces the epoch unless somebody else did; returns the one in force. */
  renewEpoch(known: string): Promise<string>
  reach(shard: number): Promise<Reach>
  /** Whether the entry of a position is there. */
  holds(position: Position): Promise<boolean>
  /** Entries from the position's own on. Throws RangeError where one was written by a later version. */
  read(from: Position, maxEntries: number): Promise<LogEntry[]>
  /** What comes after an id, whoever wrote it. */
  rowsAfter(shard: number, id: StreamId, maxRows: number): Promise<Row[]>
  add(shard: number, entry: Buffer): Promise<StreamId>
  /** Drops entries from before `oldestMs`, and the oldest ones as long as a shard takes more memory than it may. */
  trim(shard: number, oldestMs: number, maxBytes: number): Promise<void>
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
    async holds(position) {
      const id = idOf(position)
      return (await redis.xrangeBuffer(key(position.shard), id, id)).length > 0
    },
    async read(from, maxEntries) {
      const found = await redis.xrangeBuffer(key(from.shard), idOf(from), '+', 'COUNT', maxEntries)
      return found.map((row) => entryOf(from.shard, row))
    },
    rowsAfter(shard, id, maxRows) {
      return redis.xrangeBuffer(key(shard), `(${idOf(id)}`, '+', 'COUNT', maxRows)
    },
    async add(shard, entry) {
      return parseId((await redis.xadd(key(shard), '*', FIELD, entry))!)
    },
    async trim(shard, oldestMs, maxBytes) {
      await redis.xtrim(key(shard), 'MINID', '~', Math.max(0, oldestMs))
      const bytes = (await redis.memory('USAGE', key(shard))) ?? 0
      if (bytes <= maxBytes) return
      const entries = await redis.xlen(key(shard))
      await redis.xtrim(key(shard), 'MAXLEN', '~', Math.floor((entries * maxBytes * TRIM_TO) / bytes))
    }
  }
}

/** Reads a row as an entry. Throws RangeError where it is one that this version cannot read. */
export function entryOf(shard: number, [id, fields]: Row): LogEntry {
  const { idMs, idSeq } = idOfRow(id)
  const [name, value] = fields
  const isOurs = name!.toString('latin1') === FIELD
  return isOurs ? new LogEntry(shard, idMs, idSeq, value!) : LogEntry.foreign(shard, idMs, idSeq)
}

export const idOfRow = (id: Buffer): StreamId => parseId(id.toString('latin1'))

const newEpoch = () => randomBytes(6).toString('hex')

function absentStream(error: unknown): unknown[] {
  if (String(error).includes('no such key')) return []
  throw error
}

function pairsOf(reply: unknown): [string, unknown][] {
  const flat = reply as readonly unknown[]
  return Array.from({ length: flat.length / 2 }, (_, index) => [String(flat[index * 2]), flat[index * 2 + 1]])
}
