import { createHash, randomBytes } from 'node:crypto'
import type { SQL } from 'drizzle-orm'
import { and, asc, eq, getTableColumns, gt, isNull, or } from './drizzle.ts'
import { isoOf } from '../src/market/time.ts'
import type { Database } from './client.ts'
import { present } from './rows.ts'
import { apiKeys, users, type Plan } from './schema/accounts.ts'

const KEY_BYTES = 32
const KEY_FORMAT = /^qw_[A-Za-z0-9_-]{43}$/
/** How much of a key is kept readable, to recognise it by. */
export const SHOWN_CHARACTERS = 9

/** What may be told of a key: never the key, never its hash. Instants are ISO strings. */
export type ApiKey = {
  id: string
  userId: string
  /** The first characters of the key, to recognise it by. */
  prefix: string
  scopes: string[]
  label?: string
  createdAt: string
  lastUsedAt?: string
  /** From then on it opens nothing; absent where it does not end by itself. */
  expiresAt?: string
  revokedAt?: string
}

/** Who holds a key that was not revoked. It may have expired: `expiresAt` is in epoch milliseconds, Infinity for never. */
export type KeyHolder = {
  keyId: string
  userId: string
  name: string
  plan: Plan
  scopes: string[]
  expiresAt: number
}

/** `expiresAt` is an ISO instant. */
export type NewKey = { userId: string; scopes: readonly string[]; label?: string; expiresAt?: string }

/** Which keys are listed: those behind a place in their order. */
export type KeyRequest = {
  readonly userId?: string | undefined
  readonly limit: number
  readonly after?: Pick<ApiKey, 'createdAt' | 'id'> | undefined
}

export type KeyStore = ReturnType<typeof createKeyStore>

/** API keys, kept as hashes: 32 random bytes need no slow hash, and are found by an index without comparing secrets. */
export function createKeyStore({ db, sql }: Pick<Database, 'db' | 'sql'>) {
  const { hash: _, ...shown } = getTableColumns(apiKeys)

  async function holderWhere(condition: SQL): Promise<KeyHolder | undefined> {
    const [holder] = await db
      .select({
        keyId: apiKeys.id,
        userId: users.id,
        name: users.name,
        plan: users.plan,
        scopes: apiKeys.scopes,
        expiresAt: apiKeys.expiresAt
      })
      .from(apiKeys)
      .innerJoin(users, eq(users.id, apiKeys.userId))
      .where(and(condition, isNull(apiKeys.revokedAt), eq(users.disabled, false)))
    return holder && { ...holder, expiresAt: holder.expiresAt === null ? Infinity : Date.parse(holder.expiresAt) }
  }

  return {
    /** The only time that the key itself is known. Rejects where the user does not exist or no scope is given. */
    async createKey({ userId, scopes, label, expiresAt }: NewKey): Promise<{ key: string; record: ApiKey }> {
      const key = `qw_${randomBytes(KEY_BYTES).toString('base64url')}`
      const [row] = await db
        .insert(apiKeys)
        .values({
          userId,
          scopes: [...scopes],
          label,
          expiresAt,
          hash: hashOf(key),
          prefix: key.slice(0, SHOWN_CHARACTERS)
        })
        .returning(shown)
      return { key, record: present(row!) }
    },

    /** Undefined for a key that is unknown or revoked, and for one of a disabled user. An expired one is found. */
    async findKey(key: string): Promise<KeyHolder | undefined> {
      return KEY_FORMAT.test(key) ? holderWhere(eq(apiKeys.hash, hashOf(key))) : undefined
    },

    /** As `findKey`, by the key's id: for who was shown the key before. */
    async findHolder(keyId: string): Promise<KeyHolder | undefined> {
      return holderWhere(eq(apiKeys.id, keyId))
    },

    /** Oldest first, revoked ones too; of all users unless one is given, behind a place, at most so many. */
    async list({ userId, limit, after }: KeyRequest): Promise<ApiKey[]> {
      const { createdAt, id } = apiKeys
      const behind = after && or(gt(createdAt, after.createdAt), and(eq(createdAt, after.createdAt), gt(id, after.id)))
      const rows = await db
        .select(shown)
        .from(apiKeys)
        .where(and(userId === undefined ? undefined : eq(apiKeys.userId, userId), behind))
        .orderBy(asc(createdAt), asc(id))
        .limit(limit)
      return rows.map(present)
    },

    /** Whether any key begins so, revoked or not. */
    async hasPrefix(prefix: string): Promise<boolean> {
      return (await db.$count(apiKeys, eq(apiKeys.prefix, prefix))) > 0
    },

    /** The ids of all keys of a user. */
    async idsOf(userId: string): Promise<string[]> {
      const rows = await db.select({ id: apiKeys.id }).from(apiKeys).where(eq(apiKeys.userId, userId))
      return rows.map(({ id }) => id)
    },

    /** Revokes for good; undefined where there is no such key. A key revoked before keeps its first instant. */
    async revoke(id: string, at = new Date()): Promise<ApiKey | undefined> {
      await db
        .update(apiKeys)
        .set({ revokedAt: at.toISOString() })
        .where(and(eq(apiKeys.id, id), isNull(apiKeys.revokedAt)))
      const [row] = await db.select(shown).from(apiKeys).where(eq(apiKeys.id, id))
      return row && present(row)
    },

    /** Notes when keys were used last: instants (epoch ms) by key id. Never moves one back. */
    async touch(usedAt: ReadonlyMap<string, number>): Promise<void> {
      const instants = [...usedAt.values()].map((instant) => isoOf(instant))
      await sql`
        update api_keys set last_used_at = greatest(last_used_at, used.at)
        from unnest(${[...usedAt.keys()]}::text[]::uuid[], ${instants}::text[]::timestamptz[]) as used (id, at)
        where api_keys.id = used.id`
    }
  }
}

function hashOf(key: string): string {
  return createHash('sha256').update(key).digest('hex')
}
