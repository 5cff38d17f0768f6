import { Type } from 'typebox'

/** In answers that come in pages. */
export const Next = Type.Optional(
  Type.String({ description: 'Sent as `page` it gives what comes next; absent where that was all' })
)
