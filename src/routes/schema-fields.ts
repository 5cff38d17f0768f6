/** What a page reads of a schema, as JSON Schema has it. */
export type SchemaPart = {
  type?: string
  description?: string
  const?: unknown
  enum?: readonly unknown[]
  format?: string
  default?: unknown
  minimum?: number
  maximum?: number
  maxLength?: number
  maxItems?: number
  required?: readonly string[]
  properties?: Record<string, SchemaPart>
  patternProperties?: Record<string, SchemaPart>
  items?: SchemaPart
  anyOf?: readonly SchemaPart[]
}

/** One field of a shape. `path` is dotted, with `[]` for the items of a list; `type` is in words. */
export type Field = { path: string; type: string; isOptional: boolean; description?: string }

/** The fields of an object and of all that stands in it, in their order. Of a choice of objects the fields of each, one after the other. */
export function fieldsOf({ properties = {}, required = [], anyOf = [] }: SchemaPart, above = ''): Field[] {
  const own = Object.entries(properties).flatMap(([name, part]) => {
    const path = `${above}${name}`
    const { description } = part
    return [{ path, type: typeOf(part), isOptional: !required.includes(name), description }, ...fieldsIn(part, path)]
  })
  return [...own, ...anyOf.flatMap((choice) => fieldsOf(choice, above))]
}

function fieldsIn(part: SchemaPart, path: string): Field[] {
  if (part.items) return fieldsIn(part.items, `${path}[]`)
  return fieldsOf(part, `${path}.`)
}

function typeOf(part: SchemaPart): string {
  const { type, format, anyOf, items, patternProperties } = part
  if (part.const !== undefined) return code(part.const)
  if (part.enum) return `${part.enum.map(code).join(', ')}${boundsOf(part)}`
  if (anyOf)
    return anyOf.every(({ properties }) => properties) ? 'one of several objects' : anyOf.map(typeOf).join(' or ')
  if (items) return `list of ${typeOf(items)}${part.maxItems === undefined ? '' : `, at most ${part.maxItems}`}`
  if (patternProperties) return `object by name of ${Object.values(patternProperties).map(typeOf).join(' or ')}`
  if (format === 'date-time') return 'instant'
  return `${type ?? 'any'}${boundsOf(part)}`
}

const code = (value: unknown): string => `\`${JSON.stringify(value)}\``

function boundsOf({ minimum, maximum, maxLength, default: initial }: SchemaPart): string {
  const bounds = [
    minimum !== undefined && `from ${minimum}`,
    maximum !== undefined && `to ${maximum}`,
    maxLength !== undefined && `at most ${maxLength} characters`,
    initial !== undefined && `${JSON.stringify(initial)} unless told`
  ].filter((bound) => bound !== false)
  return bounds.length > 0 ? ` (${bounds.join(', ')})` : ''
}
