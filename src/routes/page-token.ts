import { Type, type Static, type TSchema } from 'typebox'
import { Compile } from 'typebox/compile'
import { InvalidField } from '../errors.ts'

/** For routes whose answers come in pages. */
export const PAGE_QUERY = {
  page: Type.Optional(
    Type.String({
      title: 'page that this server named',
      pattern: '^[A-Za-z0-9_-]{1,2000}$',
      description: 'What `next` of the page before says; the other parameters stay as they were'
    })
  )
}

/** Parts of places, of what a database can compare: anybody can write a page that was never named. */
export const PlaceText = Type.String({ maxLength: 1000, pattern: '^[^\\u0000-\\u001f]*$' })
export const PlaceNumber = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER })
export const PlaceId = Type.Integer({ minimum: 0, maximum: 2 ** 31 - 1 })
export const PlaceInstant = Type.Object({
  ms: Type.Integer({ minimum: Date.parse('1900-01-01'), maximum: Date.parse('9000-01-01') }),
  ns: Type.Integer({ minimum: 0, maximum: 999_999 })
})

/** How places of one kind are named to clients, and read again. */
export function pageTokens<Shape extends TSchema>(shape: Shape) {
  const check = Compile(shape)
  return {
    write: (place: Static<Shape>): string => Buffer.from(JSON.stringify(place)).toString('base64url'),

    /** Undefined where no page is asked for. Throws INVALID_REQUEST for what never was the name of one. */
    read(token: string | undefined): Static<Shape> | undefined {
      if (token === undefined) return undefined
      const place = parsed(token)
      if (!check.Check(place)) throw new InvalidField('page', 'is not one that this server named')
      return place
    }
  }
}

function parsed(token: string): unknown {
  try {
    return JSON.parse(Buffer.from(token, 'base64url').toString())
  } catch {
    return undefined
  }
}
