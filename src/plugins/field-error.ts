import type { TLocalizedValidationError } from 'typebox/error'
import { InvalidField, type ApiError } from '../errors.ts'

/** Turns the validator's first finding into the field's name, what is wrong with it and what is allowed. */
export function fieldErrorOf(findings: readonly TLocalizedValidationError[], part: string): ApiError {
  // What is true of every unknown field is told once more, by name; but of many fields not all is told.
  const finding = findings.find(({ keyword }) => keyword !== 'boolean') ?? findings[0]!
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
    default:
      return new InvalidField(path || part, finding.message || 'is not valid', finding.params)
  }
}
