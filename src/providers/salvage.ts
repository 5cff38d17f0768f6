import { finite } from './parse.ts'

/** What a compiled wire type does here. */
export type Wire<Value> = {
  Check(value: unknown): value is Value
  Errors(value: unknown): readonly { readonly instancePath: string }[]
}

/**
 * Reads an object that a vendor may have changed a part of: a number that came as text is read as the number, and a
 * member that does not fit its wire type is left out, so that it costs itself and nothing else. Undefined where a
 * required member is missing or does not fit.
 */
export function salvage<Value>(wire: Wire<Value>, value: unknown): Value | undefined {
  if (wire.Check(value)) return value
  if (!isRecord(value)) return undefined
  const rest = Object.fromEntries(Object.entries(value).map(([name, member]) => [name, unformatted(member)]))
  for (let errors = wire.Errors(rest); errors.length > 0; errors = wire.Errors(rest)) {
    const misfits = new Set(errors.flatMap((error) => memberIn(error.instancePath, rest) ?? []))
    if (misfits.size === 0) break
    for (const name of misfits) {
      const number = typeof rest[name] === 'string' ? finite(rest[name]) : undefined
      if (number === undefined) delete rest[name]
      else rest[name] = number
    }
  }
  return wire.Check(rest) ? rest : undefined
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The member that an error lies in, as long as it is there. In a path `/` is written as `~1` and `~` as `~0`. */
function memberIn(instancePath: string, value: Record<string, unknown>): string | undefined {
  const name = instancePath.split('/')[1]?.replaceAll('~1', '/').replaceAll('~0', '~')
  return name !== undefined && name in value ? name : undefined
}

/** Yahoo wraps numbers as {raw, fmt} where it is not told otherwise, and in places where it is; {} is for none. */
export function unformatted(member: unknown): unknown {
  if (!isRecord(member)) return member
  if ('raw' in member) return member.raw
  return Object.keys(member).length === 0 ? undefined : member
}
