import type { TSchema } from 'typebox'

/** A schema as plain JSON, for documents in which shapes stand inside each other: an `$id` would name one in several places. */
export function plainSchema(schema: TSchema): Record<string, unknown> {
  const text = JSON.stringify(schema, (key, value: unknown) => (key === '$id' ? undefined : value))
  return JSON.parse(text) as Record<string, unknown>
}
