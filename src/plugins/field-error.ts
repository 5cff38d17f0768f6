import type { TLocalizedValidationError } from 'typebox/error'
import type { TObject, TSchema } from 'typebox'
import { Errors } from 'typebox/value'
import { InvalidField, type ApiError } from '../errors.ts'

type Conditional = TObject & { allOf?: { then: TObject }[] }

/**
 * Turns the validator's first finding into the field's name, what is wrong with it and what is allowed. A text that does
 * not match its pattern is not what the `title` of its schema calls it.
 */
export function fieldErrorOf(
  findings: readonly TLocalizedValidationError[],
  part: string,
  schema: Conditional,
  value: unknown
): ApiError {
  // What is true of every unknown field is told once more, by name; but of many fields not all is told.
  const finding = findings.find(({ keyword }) => keyword !== 'boolean') ?? findings[0]!
  if (finding.keyword === 'if') {
    // The validator tells of a condition that its consequence does not hold, and not why.
    const { then } = schema.allOf![Number(finding.schemaPath.split('/').at(-1))]!
    return fieldErrorOf(Errors(then, value), part, then, value)
  }
  const path = finding.instancePath.slice(1).replaceAll('/', '.')
  const named = (name: string) => [path, name].filter(Boolean).join('.')

  switch (finding.keyword) {
    case 'required':
      return new InvalidField(named(finding.params.requiredProperties[0]!), 'is missing')
    case 'additionalProperties':
      return new InvalidField(named(finding.params.additionalProperties[0]!), 'is not known here')
    case 'boolean':
      return new InvalidField(path, 'is not known here')
    case 'enum':
      return new InvalidField(
        path,
        `must be one of ${finding.params.allowedValues.join(', ')}`,
        finding.params.allowedValues
      )
    case 'pattern': {
      const { title, examples } = (schema.properties[path] ?? {}) as TSchema & { title?: string; examples?: unknown }
      if (title !== undefined) return new InvalidField(path, `is not a ${title}`, { examples })
      return new InvalidField(path || part, finding.message, finding.params)
    }
    default:
      return new InvalidField(path || part, finding.message || 'is not valid', finding.params)
  }
}
