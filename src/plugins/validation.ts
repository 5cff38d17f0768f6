import type { FastifySchemaCompiler } from 'fastify'
import fp from 'fastify-plugin'
import { Type, type TObject } from 'typebox'
import { Compile, type Validator } from 'typebox/compile'
import { Default } from 'typebox/value'
import { InvalidField } from '../errors.ts'
import { fieldErrorOf } from './field-error.ts'

/** Levels of a body's objects and arrays. Deeper ones serve nobody, and would exhaust the stack of what reads them. */
const MAX_DEPTH = 16
/** For routes that ask for no key or token: a body is read before anybody knows who sent it. */
const MAX_PUBLIC_BODY_BYTES = 16 * 1024
/** Neither Postgres nor a log keeps these as they are: control characters, and halves of a character. */
const UNPRINTABLE = /[\p{Cc}\p{Cs}]/u
/** As a pattern for programs: halves of a character their JSON cannot hold. */
export const PRINTABLE = '^[^\\u0000-\\u001f\\u007f-\\u009f]*$'
/** Fields of one object; no body that a route takes has so many. */
const MAX_FIELDS = 64
/** Items of one list, where the schema sets no limit: the longest list of symbols. */
const MAX_ITEMS = 2000
/** Values of one body in all. */
const MAX_VALUES = 5000
/** Decimals as people write them, exact in a double: no exponents, no hexadecimals, nothing infinite. */
const DECIMAL = /^-?(\d{1,15}(\.\d{1,9})?|\d{16})$/

const BOOLEANS: ReadonlyMap<string, boolean> = new Map([
  ['true', true],
  ['false', false]
])

const NoQuery = Type.Object({}, { additionalProperties: false })

/**
 * Checks what clients send against the routes' schemas. An address holds only text, from which numbers and
 * `true` and `false` are read; a body is taken as it is: `"disabled": null` does not mean false. Text that cannot be kept is refused everywhere, so that no
 * route has to think of it, and a guarded route without a query refuses every parameter, as those with one do.
 */
export const validation = fp(
  async (app) => {
    app.setValidatorCompiler(createValidator as FastifySchemaCompiler<unknown>)
    const parse = app.getDefaultJsonParser('error', 'error')
    app.removeContentTypeParser('application/json')
    app.addContentTypeParser<string>('application/json', { parseAs: 'string' }, (request, body, done) => {
      // Many clients name a content type with every request, also where they send nothing.
      if (body === '' && !request.routeOptions.schema?.body) return done(null, undefined)
      return parse(request, body, done)
    })
    app.addHook('onRoute', (route) => {
      const access = route.config?.access
      if (access === 'none') route.bodyLimit ??= MAX_PUBLIC_BODY_BYTES
      const isGuarded = access !== undefined && access !== 'none'
      if (isGuarded && !route.schema?.querystring) route.schema = { ...route.schema, querystring: NoQuery }
    })
  },
  { name: 'validation' }
)

type Validated = { value: unknown } | { error: Error }

function createValidator({ schema, httpPart }: { schema: TObject; httpPart?: string }): (given: unknown) => Validated {
  // Made when it is needed first: a process has some hundreds, most of which nobody needs soon.
  let validator: Validator | undefined
  const limits = { maxItems: longestListOf(schema) ?? MAX_ITEMS }
  const part = httpPart === 'querystring' ? 'query' : (httpPart ?? 'body')
  return (given) => {
    // First, for the validator looks at all of a value to tell what is wrong with it.
    const problem = unkeepable(given, part, limits)
    if (problem) return { error: problem }
    const value = Default(schema, part === 'body' ? given : readValues(schema, given as Record<string, unknown>))
    validator ??= Compile(schema)
    return validator.Check(value) ? { value } : { error: fieldErrorOf(validator.Errors(value), part, schema, value) }
  }
}

/** The largest `maxItems` in a schema. */
function longestListOf(schema: unknown): number | undefined {
  if (typeof schema !== 'object' || schema === null) return undefined
  const own = 'maxItems' in schema ? [schema.maxItems as number] : []
  const limits = [...own, ...Object.values(schema).flatMap((part) => longestListOf(part) ?? [])]
  return limits.length > 0 ? Math.max(...limits) : undefined
}

function readValues({ properties }: TObject, given: Record<string, unknown>): Record<string, unknown> {
  const read = Object.entries(given).map(([name, text]) => {
    const schema = properties[name]
    if (schema === undefined || typeof text !== 'string') return [name, text]
    if (Type.IsBoolean(schema)) return [name, BOOLEANS.get(text) ?? text]
    const isNumber = Type.IsInteger(schema) || Type.IsNumber(schema)
    return [name, isNumber && DECIMAL.test(text) ? Number(text) : text]
  })
  return Object.fromEntries(read) as Record<string, unknown>
}

/** What nobody keeps or reads: text that is none, and more than any route asks for. Looks level by level, and stops early. */
function unkeepable(root: unknown, part: string, { maxItems }: { maxItems: number }): InvalidField | undefined {
  let level: [path: string, value: unknown][] = [['', root]]
  let values = 0
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > MAX_DEPTH) return new InvalidField(part, 'is nested too deeply', { maxDepth: MAX_DEPTH })
    const next: typeof level = []
    for (const [path, value] of level) {
      if (typeof value === 'string' && UNPRINTABLE.test(value)) {
        return new InvalidField(path || part, 'must not hold control characters')
      }
      if (typeof value !== 'object' || value === null) continue
      if (Array.isArray(value) && value.length > maxItems) {
        return new InvalidField(path || part, `has more than ${maxItems} items`, { maxItems })
      }
      const names = Object.keys(value)
      if (!Array.isArray(value) && names.length > MAX_FIELDS) {
        return new InvalidField(path || part, `has more than ${MAX_FIELDS} fields`, { maxFields: MAX_FIELDS })
      }
      values += names.length
      if (values > MAX_VALUES) {
        return new InvalidField(path || part, `holds more than ${MAX_VALUES} values`, { maxValues: MAX_VALUES })
      }
      for (const name of names) {
        if (UNPRINTABLE.test(name)) return new InvalidField(path || part, 'must not have control characters in a name')
        next.push([path ? `${path}.${name}` : name, (value as Record<string, unknown>)[name]])
      }
    }
    level = next
  }
  return undefined
}
