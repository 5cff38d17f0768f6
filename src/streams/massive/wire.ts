import { Type } from 'typebox'

/** A whole number that is exact in JavaScript. */
export const WireCount = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER })

/** Ids of conditions or indicators. */
export const WireCodes = Type.Array(WireCount)

/** An amount with parts, which comes as a text: `0.004`. */
export const WireDecimal = Type.String({ pattern: '^\\d{1,15}(\\.\\d{1,15})?$' })
