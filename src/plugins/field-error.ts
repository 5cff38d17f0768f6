import type { FastifyError } from 'fastify'
import { InvalidField, type ApiError } from '../errors.ts'

/** Turns the validator's first finding into the field's name, what is wrong with it and what is allowed. */
export function fieldErrorOf(error: FastifyError): ApiError {
  const [finding] = error.validation!
  const path = finding!.instancePath.slice(1).replaceAll('/', '.')
  const params = finding!.params
  const named = (name: unknown) => [path, name].filter(Boolean).join('.')

  switch (finding!.keyword) {
    case 'required':
      return new InvalidField(named(params['missingProperty']), 'is missing')
    case 'additionalProperties':
      return new InvalidField(named(params['additionalProperty']), 'is not known here')
    case 'enum':
      return new InvalidField(path, `must be one of ${listOf(params['allowedValues'])}`, params['allowedValues'])
    default:
      return new InvalidField(path || error.validationContext || 'body', finding!.message ?? 'is not valid', params)
  }
}

function listOf(values: unknown): string {
  return Array.isArray(values) ? values.join(', ') : String(values)
}
