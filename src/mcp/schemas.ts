import type { StandardSchemaWithJSON } from '@modelcontextprotocol/server'
import type { TObject } from 'typebox'
import { Compile } from 'typebox/compile'
import { Default } from 'typebox/value'
import { plainSchema } from '../plain-schema.ts'
import { fieldErrorOf } from '../plugins/field-error.ts'

type Arguments = Record<string, unknown>

/**
 * A schema as the protocol's library tells it to clients. It admits everything: what is wrong with arguments is said in the
 * form of every other error, by `argumentsReader`.
 */
export function toldSchema(schema: TObject): StandardSchemaWithJSON<Arguments> {
  const json = plainSchema(schema)
  return {
    '~standard': {
      version: 1,
      vendor: 'typebox',
      validate: (value) => ({ value: value as Arguments }),
      jsonSchema: { input: () => json, output: () => json }
    }
  }
}

/** Reads a tool's arguments, with its defaults. Throws INVALID_REQUEST naming the argument at fault. */
export function argumentsReader(schema: TObject): (given: unknown) => Arguments {
  const validator = Compile(schema)
  return (given) => {
    const value = Default(schema, given)
    if (!validator.Check(value)) throw fieldErrorOf(validator.Errors(value), 'arguments', schema, value)
    return value
  }
}
