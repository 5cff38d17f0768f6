import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import type { Redis, Result } from 'ioredis'
import type { Logger } from 'pino'
import { defineScript } from '../redis/script.ts'
import { foreignEntry, readEntry } from './entry.ts'
import type { LogEntry } from './log-entry.ts'
import { removeForeignIds } from './foreign-ids.ts'
import { EPOCH_BYTES } from './cursor.ts'
import { ForeignIdError, idOf, parseId, type StreamId, type StreamPosition } from './stream-position.ts'

/** The field that holds an entry. Whatever has none was written by somebody else. */
const FIELD = 'e'
/** A trimmed shard is left some room, so that it is not trimmed again at once. */
const TRIM_TO = 0.9
/** A shard that is trimmed by its size holds so much of what it may, on average. */
export const FILL_AVERAGE = (1 + TRIM_TO) / 2
const EPOCH = new RegExp(`^[0-9a-f]{${2 * EPOCH_BYTES}}$`)
const SCRIPTS = ['replace-epoch-1.lua', 'remove-foreign-ids-1.lua']

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
  /** How many rows were ever added; undefined where Redis does not say so. */
  readonly added: number | undefined
}

/** What a shard takes. */
export type Usage = {
  /** Epoch milliseconds on Redis' clock. */
  readonly nowMs: number
  readonly bytes: number
  readonly entries: number
  /** Ever. */
  readonly added: number
  /** When the oldest entry that is there was added, epoch milliseconds. */
  readonly firstMs: number
}

/** The streams of one log and the epoch that names its life, over one connection. */
export type LogSource = {
  readonly shards: number
  key(shard: number): string
  epoch(): Promise<string>
  /** Replaces the epoch unless somebody else did; returns the one in force. */
  renewEpoch(known: string): Promise<string>
  reach(shard: number): Promise<Reach>
  usage(shard: number): Promise<Usage>
  /** Whether the entry of a position is there. */
  holds(position: StreamPosition): Promise<boolean>
  /** Entries from the position's own on. Throws RangeError where one was written by a later version. */
  read(from: StreamPosition, maxEntries: number): Promise<LogEntry[]>
  /** What comes after an id, whoever wrote it. */
  rowsAfter(shard: number, id: StreamId, maxRows: number): Promise<Row[]>
  /** Adds all of them or none; resolves with where the last one is. */
  add(shard: number, entries: readonly Buffer[]): Promise<StreamId>
  /** Drops entries that are older than `retentionMs`, and the oldest ones where a shard takes more memory than it may. */
  trim(shard: number, retentionMs: number, maxBytes: number): Promise<void>
  /** Whether the error came of an id that somebody else gave. Then the shard is free of such ids from now on. */
  cure(shard: number, error: unknown): Promise<boolean>
}

export type SourceOptions = { redis: Redis; log: Pick<Logger, 'warn'>; shards: number }

declare module 'ioredis' {
  interface RedisCommander<Context> {
    /** See replace-epoch-1.lua. */
    replaceEpoch(key: string, known: string, fresh: string): Result<string, Context>
  }
}

/** Another number of shards is another log: symbols would be looked for in the wrong one. */
export function createSource({ redis, log, shards }: SourceOptions): LogSource {
  for (const file of SCRIPTS) defineScript(redis, join(import.meta.dirname, file))
  const epochKey = `log:${shards}:epoch`
  // The braces are part of a name that processes of the former version read; no Cluster is meant.
  const key = (shard: number) => `log:${shards}:{${shard}}`

  async function clockMs(): Promise<number> {
    const [seconds, micros] = await redis.time()
    return Number(seconds) * 1000 + Math.floor(Number(micros) / 1000)
  }

  async function cure(shard: number, error: unknown): Promise<boolean> {
    if (!(error instanceof ForeignIdError)) return false
    const rows = await removeForeignIds(redis, key(shard), error.id)
    log.warn({ shard, id: error.id, rows }, 'somebody else gave ids in a stream of the log; what had them was removed')
    return true
  }

  async function cured<T>(shard: number, ask: () => Promise<T>): Promise<T> {
    try {
      return await ask()
    } catch (error) {
      if (!(await cure(shard, error))) throw error
      return ask()
    }
  }

  return {
    shards,
    key,
    async epoch() {
      const fresh = newEpoch()
      const epoch = (await redis.set(epochKey, fresh, 'NX', 'GET')) ?? fresh
      // Cursors have room for the log's own names alone.
      return EPOCH.test(epoch) ? epoch : redis.replaceEpoch(epochKey, epoch, newEpoch())
    },
    renewEpoch: (known) => redis.replaceEpoch(epochKey, known, newEpoch()),
    reach: (shard) =>
      cured(shard, async () => {
        const fields = new Map(pairsOf(await redis.xinfo('STREAM', key(shard)).catch(absentStream)))
        const first = fields.get('first-entry') as [string, unknown] | null | undefined
        const last = fields.get('last-generated-id') as string | undefined
        return {
          first: first ? parseId(first[0]) : undefined,
          last: last === undefined ? undefined : parseId(last),
          // Redis before 7 does not count, so that nothing is known to be whole.
          isWhole: fields.size === 0 || fields.get('entries-added') === fields.get('length'),
          added: fields.size === 0 ? 0 : (fields.get('entries-added') as number | undefined)
        }
      }),
    async usage(shard) {
      const fields = new Map(pairsOf(await redis.xinfo('STREAM', key(shard)).catch(absentStream)))
      const first = fields.get('first-entry') as [string, unknown] | null | undefined
      const entries = Number(fields.get('length') ?? 0)
      return {
        nowMs: await clockMs(),
        bytes: (await redis.memory('USAGE', key(shard))) ?? 0,
        entries,
        // Redis before 7 does not count.
        added: Number(fields.get('entries-added') ?? entries),
        firstMs: first ? parseId(first[0]).idMs : 0
      }
    },
    async holds(position) {
      const id = idOf(position)
      return (await redis.xrangeBuffer(key(position.shard), id, id)).length > 0
    },
    read: (from, maxEntries) =>
      cured(from.shard, async () => {
        const found = await redis.xrangeBuffer(key(from.shard), idOf(from), '+', 'COUNT', maxEntries)
        return found.map((row) => entryOf(from.shard, row))
      }),
    cure,
    rowsAfter(shard, id, maxRows) {
      return redis.xrangeBuffer(key(shard), `(${idOf(id)}`, '+', 'COUNT', maxRows)
    },
    async add(shard, entries) {
      if (entries.length === 1) return parseId((await redis.xadd(key(shard), '*', FIELD, entries[0]!))!)
      const transaction = redis.multi()
      for (const entry of entries) transaction.xadd(key(shard), '*', FIELD, entry)
      const replies = (await transaction.exec().catch(throwFirst))!
      for (const [error] of replies) if (error) throw error
      return parseId(replies.at(-1)![1] as string)
    },
    async trim(shard, retentionMs, maxBytes) {
      // Its clock, not ours, says how old its entries are, and not the newest id, which somebody else may have given.
      await redis.xtrim(key(shard), 'MINID', '~', Math.max(0, (await clockMs()) - retentionMs))
      const bytes = (await redis.memory('USAGE', key(shard))) ?? 0
      if (bytes <= maxBytes) return
      const entries = await redis.xlen(key(shard))
      await redis.xtrim(key(shard), 'MAXLEN', '~', Math.floor((entries * maxBytes * TRIM_TO) / bytes))
    }
  }
}

/** Whether a row holds an entry; else somebody else wrote it. */
export const isOurs = ([, [name]]: Row): boolean => name!.toString('latin1') === FIELD

/** Reads a row as an entry. Throws RangeError where it is one that this version cannot read. */
export function entryOf(shard: number, [id, fields]: Row): LogEntry {
  const place = { shard, ...idOfRow(id) }
  return isOurs([id, fields]) ? readEntry(place, fields[1]!) : foreignEntry(place)
}

export const idOfRow = (id: Buffer): StreamId => parseId(id.toString('latin1'))

const newEpoch = () => randomBytes(EPOCH_BYTES).toString('hex')

/** Why Redis discarded a transaction stands in its answers to the commands before. */
function throwFirst(error: Error & { previousErrors?: readonly Error[] }): never {
  throw error.previousErrors?.[0] ?? error
}

function absentStream(error: unknown): unknown[] {
  if (String(error).includes('no such key')) return []
  throw error
}

function pairsOf(reply: unknown): [string, unknown][] {
  const flat = reply as readonly unknown[]
  return Array.from({ length: flat.length / 2 }, (_, index) => [String(flat[index * 2]), flat[index * 2 + 1]])
}
