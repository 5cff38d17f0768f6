import type { FastifySchemaCompiler } from 'fastify'
import fp from 'fastify-plugin'
import { Type, type TObject } from 'typebox'
import { Compile } from 'typebox/compile'
import { Default } from 'typebox/value'
import { InvalidField } from '../errors.ts'
import { fieldErrorOf } from './field-error.ts'

/** Levels of a body's objects and arrays. Deeper ones serve nobody, and would exhaust the stack of what reads them. */
const MAX_DEPTH = 16
/** Neither Postgres nor a log keeps these as they are: control characters, and halves of a character. */
const UNPRINTABLE = /[\p{Cc}\p{Cs}]/u
/** Decimals as people write them, exact in a double: no exponents, no hexadecimals, nothing infinite. */
const DECIMAL = /^-?\d{1,15}(\.\d{1,9})?$/

const NoQuery = Type.Object({}, { additionalProperties: false })

/**
 * Checks what clients send against the routes' schemas. An address holds only text, from which numbers are read; a body
 * is taken as it is: `"disabled": null` does not mean false. Text that cannot be kept is refused everywhere, so that no
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
      const isGuarded = route.config?.access !== undefined && route.config.access !== 'none'
      if (isGuarded && !route.schema?.querystring) route.schema = { ...route.schema, querystring: NoQuery }
    })
  },
  { name: 'validation' }
)

type Validated = { value: unknown } | { error: Error }

function createValidator({ schema, httpPart }: { schema: TObject; httpPart?: string }): (given: unknown) => Validated {
  const validator = Compile(schema)
  const part = httpPart === 'querystring' ? 'query' : (httpPart ?? 'body')
  return (given) => {
    const value = Default(schema, part === 'body' ? given : readNumbers(schema, given as Record<string, unknown>))
    if (!validator.Check(value)) return { error: fieldErrorOf(validator.Errors(value), part) }
    const problem = unkeepable(value, part)
    return problem ? { error: problem } : { value }
  }
}

function readNumbers({ properties }: TObject, given: Record<string, unknown>): Record<string, unknown> {
  const read = Object.entries(given).map(([name, text]) => {
    const schema = properties[name]
    const isNumber = schema !== undefined && (Type.IsInteger(schema) || Type.IsNumber(schema))
    return [name, isNumber && typeof text === 'string' && DECIMAL.test(text) ? Number(text) : text]
  })
  return Object.fromEntries(read) as Record<string, unknown>
}

/** Looks into everything that was sent, level by level. */
function unkeepable(root: unknown, part: string): InvalidField | undefined {
  let level: [path: string, value: unknown][] = [['', root]]
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > MAX_DEPTH) return new InvalidField(part, 'is nested too deeply', { maxDepth: MAX_DEPTH })
    const next: typeof level = []
    for (const [path, value] of level) {
      if (typeof value === 'string' && UNPRINTABLE.test(value)) {
        return new InvalidField(path || part, 'must not hold control characters')
      }
      if (typeof value !== 'object' || value === null) continue
      for (const [name, member] of Object.entries(value)) {
        if (UNPRINTABLE.test(name)) return new InvalidField(path || part, 'must not have control characters in a name')
        next.push([path ? `${path}.${name}` : name, member])
      }
    }
    level = next
  }
  return undefined
}
