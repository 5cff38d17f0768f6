import { createRequire } from 'node:module'
import type * as Core from 'drizzle-orm'
import type * as Casing from 'drizzle-orm/casing'
import type * as PgCore from 'drizzle-orm/pg-core'
import type * as PostgresJs from 'drizzle-orm/postgres-js'
import type * as Migrator from 'drizzle-orm/postgres-js/migrator'

/**
 * What of drizzle runs, by `require`. For each module that is imported Node reads the package.json of its package anew, and
 * drizzle has a hundred modules and 180 KB of that: every process would start with 0.8 s more of processor time.
 */
const require = createRequire(import.meta.url)

export const {
  DrizzleQueryError,
  and,
  arrayContains,
  asc,
  between,
  desc,
  eq,
  getTableColumns,
  getTableName,
  gt,
  gte,
  inArray,
  isNotNull,
  isNull,
  like,
  lt,
  lte,
  ne,
  notExists,
  or,
  sql
} = require('drizzle-orm') as typeof Core
export const { toSnakeCase } = require('drizzle-orm/casing') as typeof Casing
export const {
  bigint,
  boolean,
  check,
  customType,
  date,
  doublePrecision,
  index,
  integer,
  jsonb,
  numeric,
  pgTable,
  primaryKey,
  smallint,
  text,
  unique,
  uniqueIndex,
  uuid
} = require('drizzle-orm/pg-core') as typeof PgCore
export const { drizzle } = require('drizzle-orm/postgres-js') as typeof PostgresJs
export const { migrate } = require('drizzle-orm/postgres-js/migrator') as typeof Migrator
