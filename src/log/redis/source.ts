import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import type { Redis, Result } from 'ioredis'
import type { Logger } from 'pino'
import { defineScript } from '../../redis/script.ts'
import { EPOCH_BYTES } from '../cursor.ts'
import { BEGINNING, endOf, isBefore, type EntryId } from '../entry-position.ts'
import type { LogSource, Row, ShardReach, Retention } from '../source.ts'
import { removeForeignIds } from './foreign-ids.ts'
import { ForeignIdError, idOf, parseId, startOf } from './stream-id.ts'

/** The field that holds an entry. Whatever has none was written by somebody else. */
const FIELD = 'e'
/** A trimmed shard is left some room, so that it is not trimmed again at once. */
const TRIM_TO = 0.9
/** A shard that is trimmed by its size holds so much of what it may, on average. */
export const FILL_AVERAGE = (1 + TRIM_TO) / 2
const EPOCH = new RegExp(`^[0-9a-f]{${2 * EPOCH_BYTES}}$`)
const SCRIPTS = ['replace-epoch-1.lua', 'remove-foreign-ids-1.lua']

/** A stream entry as Redis gives it: its id, then fields and values in turn. */
export type StreamRow = readonly [id: Buffer, fields: readonly Buffer[]]

/** The streams of a log. */
export type StreamSource = LogSource & {
  key(shard: number): string
  /** Adds all of them or none; resolves with where the last one is. */
  add(shard: number, entries: readonly Buffer[]): Promise<EntryId>
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
export function createSource({ redis, log, shards }: SourceOptions): StreamSource {
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

  const reach = (shard: number): Promise<ShardReach> =>
    cured(shard, async () => {
      const fields = new Map(pairsOf(await redis.xinfo('STREAM', key(shard)).catch(absentStream)))
      const first = fields.get('first-entry') as [string, unknown] | null | undefined
      const last = fields.get('last-generated-id') as string | undefined
      const oldest = first ? parseId(first[0]) : undefined
      return {
        first: oldest && startOf(shard, oldest),
        firstAt: oldest?.idHigh,
        last: last === undefined ? undefined : parseId(last),
        // Redis before 7 does not count, so that nothing is known to be whole.
        isWhole: fields.size === 0 || fields.get('entries-added') === fields.get('length'),
        added: fields.size === 0 ? 0 : (fields.get('entries-added') as number | undefined)
      }
    })

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
    reach,
    timeOf: ({ idHigh }) => idHigh,
    at: async (shard, timeMs) =>
      timeMs > 0 ? startOf(shard, { idHigh: Math.floor(timeMs), idLow: 0 }) : endOf(shard, BEGINNING),
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
        firstMs: first ? parseId(first[0]).idHigh : 0
      }
    },
    async retentionOf(position): Promise<Retention> {
      const id = idOf(position)
      if ((await redis.xrangeBuffer(key(position.shard), id, id)).length > 0) return 'held'
      const { first, last, isWhole } = await reach(position.shard)
      if (!last || isBefore(last, position)) return 'lost'
      if (!first) return isBefore(position, last) ? 'trimmed' : 'held'
      return isWhole || isBefore(first, position) ? 'lost' : 'trimmed'
    },
    async withinReach(position) {
      // Behind a position that the log has not reached nothing would be found: its ids, or Redis' clock, are smaller.
      const { last = BEGINNING } = await reach(position.shard)
      return isBefore(last, position) ? endOf(position.shard, last) : position
    },
    rowsFrom: (shard, id, maxRows) =>
      cured(shard, async () => (await redis.xrangeBuffer(key(shard), idOf(id), '+', 'COUNT', maxRows)).map(rowOf)),
    cure,
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

/** Throws ForeignIdError. */
export function rowOf([id, [name, value]]: StreamRow): Row {
  return { id: parseId(id.toString('latin1')), entry: name!.toString('latin1') === FIELD ? value : undefined }
}

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
