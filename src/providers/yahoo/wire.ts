import { Type, type Static, type TObject, type TProperties } from 'typebox'
import type { Validator } from 'typebox/compile'

/** Members that Yahoo may leave out or null: nearly all of them. */
export const WireNumber = Type.Optional(Type.Union([Type.Number(), Type.Null()]))
export const WireText = Type.Optional(Type.Union([Type.String(), Type.Null()]))

/**
 * Reads an object that a vendor may have changed a part of: a member that does not fit its wire type is left out, so
 * that it costs itself and nothing else. Undefined where a required member is missing or does not fit.
 */
export function salvage<Properties extends TProperties>(
  wire: Validator<TProperties, TObject<Properties>>,
  value: unknown
): Static<TObject<Properties>> | undefined {
  if (wire.Check(value)) return value
  if (!isRecord(value)) return undefined
  const rest = Object.fromEntries(Object.entries(value).map(([name, member]) => [name, unformatted(member)]))
  for (let errors = wire.Errors(rest); errors.length > 0; errors = wire.Errors(rest)) {
    const misfits = errors.map((error) => error.instancePath.split('/')[1]).filter((name) => name !== undefined)
    if (misfits.length === 0) return undefined
    for (const name of misfits) delete rest[name]
  }
  return wire.Check(rest) ? rest : undefined
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** A member of an object that may not be one. */
export function memberOf(value: unknown, name: string): unknown {
  return isRecord(value) ? value[name] : undefined
}

export function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : []
}

/** A text that is a web address; undefined for all else, such as the `javascript:` of a hostile one. */
export function webAddress(text: unknown): string | undefined {
  if (typeof text !== 'string' || !URL.canParse(text)) return undefined
  const url = new URL(text)
  return url.protocol === 'https:' || url.protocol === 'http:' ? url.href : undefined
}

/** With `formatted=true`, and in places without it, Yahoo wraps numbers as {raw, fmt} and writes {} for none. */
function unformatted(member: unknown): unknown {
  if (!isRecord(member)) return member
  if ('raw' in member) return member.raw
  return Object.keys(member).length === 0 ? undefined : member
}
