import fastJsonStringify, { type Schema } from 'fast-json-stringify'
import type { FastifyServerOptions } from 'fastify'

type SchemaController = NonNullable<FastifyServerOptions['schemaController']>
type BuildSerializer = NonNullable<NonNullable<SchemaController['compilersFactory']>['buildSerializer']>
type Serializer = (value: unknown) => string

/** By the text of their schema; only routes have schemas, so there are as many as answers have shapes. */
const serializers = new Map<string, Serializer>()

/**
 * Makes what turns answers into JSON, once for each shape of an answer in this process. Fastify would make it again for
 * each status of each route, and check all shared shapes each time, though most routes share the few shapes of errors.
 */
export const buildSerializer: BuildSerializer =
  (shared: unknown) =>
  ({ schema }) => {
    const text = JSON.stringify(schema)
    const known = serializers.get(text)
    if (known) return known
    const serializer: Serializer = fastJsonStringify(schema as Schema, { schema: shared as Record<string, Schema> })
    serializers.set(text, serializer)
    return serializer
  }
