import fastJsonStringify, { type Schema } from 'fast-json-stringify'
import type { FastifyServerOptions } from 'fastify'

type SchemaController = NonNullable<FastifyServerOptions['schemaController']>
type BuildSerializer = NonNullable<NonNullable<SchemaController['compilersFactory']>['buildSerializer']>
type Serializer = (value: unknown) => string

/** By the text of their schema; only routes have schemas, so there are as many as answers have shapes. */
const serializers = new Map<string, Serializer>()

/**
 * Makes what turns answers into JSON, once for each shape of an answer in this process, when the first answer of the shape is
 * sent: at its start a process would make hundreds. Fastify would make it again for each status of each route, and check all
 * shared shapes each time, though most routes share the few shapes of errors.
 */
export const buildSerializer: BuildSerializer =
  (shared: unknown) =>
  ({ schema }) => {
    const text = JSON.stringify(schema)
    const known = serializers.get(text)
    if (known) return known
    let made: Serializer | undefined
    const make = (): Serializer =>
      fastJsonStringify(schema as Schema, { schema: reachedBy(text, shared as Record<string, Schema>) })
    const serializer: Serializer = (value) => (made ??= make())(value)
    serializers.set(text, serializer)
    return serializer
  }

/** The shared shapes that a schema refers to, and those that they refer to: each that is given is checked. */
function reachedBy(text: string, shared: Readonly<Record<string, Schema>>): Record<string, Schema> {
  const reached: Record<string, Schema> = {}
  const visit = (schema: string) => {
    for (const [, id] of schema.matchAll(/"\$ref":"([^"#]+)#/g)) {
      const found = shared[id!]
      if (found === undefined || reached[id!]) continue
      reached[id!] = found
      visit(JSON.stringify(found))
    }
  }
  visit(text)
  return reached
}
