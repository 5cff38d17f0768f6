import { bigint, boolean, check, index, jsonb, pgTable, sql, text, uuid } from '../drizzle.ts'
import { instant } from './columns.ts'

export type Plan = 'standard' | 'pro'

export const users = pgTable(
  'users',
  {
    id: uuid().primaryKey().defaultRandom(),
    name: text().notNull().unique(),
    /** By which names that look alike are told to be the same; null on users that were made alike before it existed. */
    canonicalName: text().unique('users_canonical_name'),
    plan: text().$type<Plan>().notNull().default('standard'),
    disabled: boolean().notNull().default(false),
    createdAt: instant()
      .notNull()
      .default(sql`now()`)
  },
  (table) => [
    check('users_name_length', sql`length(${table.name}) between 1 and 100`),
    check('users_plan_known', sql`${table.plan} in ('standard', 'pro')`)
  ]
)

/** A key itself is never stored: `hash` is the SHA-256 of it in hex, `prefix` its first characters for display. */
export const apiKeys = pgTable(
  'api_keys',
  {
    id: uuid().primaryKey().defaultRandom(),
    userId: uuid()
      .notNull()
      .references(() => users.id, { onDelete: 'cascade' }),
    hash: text().notNull().unique(),
    prefix: text().notNull(),
    scopes: text().array().notNull(),
    label: text(),
    createdAt: instant()
      .notNull()
      .default(sql`now()`),
    lastUsedAt: instant(),
    expiresAt: instant(),
    revokedAt: instant()
  },
  (table) => [
    index('api_keys_user_id').on(table.userId),
    check('api_keys_hash_sha256', sql`length(${table.hash}) = 64`),
    check('api_keys_scopes_not_empty', sql`cardinality(${table.scopes}) > 0`)
  ]
)

/** Who did what to whom: rows are only ever added. */
export const auditLog = pgTable(
  'audit_log',
  {
    id: bigint({ mode: 'number' }).primaryKey().generatedAlwaysAsIdentity(),
    actor: text().notNull(),
    action: text().notNull(),
    target: text(),
    details: jsonb().$type<Record<string, unknown>>(),
    at: instant()
      .notNull()
      .default(sql`now()`)
  },
  (table) => [index('audit_log_at').on(table.at)]
)
