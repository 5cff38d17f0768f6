import { Type, type Static } from 'typebox'

/** Why one of many symbols has no answer. */
export const BatchError = Type.Object({
  symbol: Type.String(),
  code: Type.String(),
  message: Type.String(),
  details: Type.Optional(Type.Unknown())
})
export type BatchError = Static<typeof BatchError>
