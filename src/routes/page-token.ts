import { createHash } from 'node:crypto'
import { Type, type Static, type TSchema } from 'typebox'
import { Compile } from 'typebox/compile'
import { InvalidField } from '../errors.ts'

/** For routes whose answers come in pages. */
export const PAGE_QUERY = {
  page: Type.Optional(
    Type.String({
      title: 'page that this server named',
      pattern: '^[A-Za-z0-9_-]{1,2000}$',
      description: 'What `next` of the page before says; all parameters but `limit` and `format` stay as they were'
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

/** What a list is of: the parameters of a request for it. */
export type Listed = { readonly params: unknown; readonly query: unknown }

/** How much of a list is asked for, from where on, and in which form, does not make it another one. */
const OF_A_PAGE: ReadonlySet<string> = new Set(['page', 'page_token', 'limit', 'format'])
const DIGEST_CHARACTERS = 16
const Named = Compile(Type.Object({ of: Type.String(), place: Type.Unknown() }, { additionalProperties: false }))

/**
 * How places in lists of one kind are named to clients, and read again. `kind` tells lists apart whose places look alike,
 * `parameter` is where clients say them. What names a place holds a digest of the list that it is of.
 */
export function pageTokens<Shape extends TSchema>(kind: string, shape: Shape, parameter = 'page') {
  const check = Compile(shape)
  return {
    write: (place: Static<Shape>, list: Listed): string =>
      Buffer.from(JSON.stringify({ of: digestOf(kind, list), place })).toString('base64url'),

    /**
     * Undefined where no page is asked for. Throws INVALID_REQUEST for what never was the name of one, and for that of a page
     * of another list.
     */
    read(token: string | undefined, list: Listed): Static<Shape> | undefined {
      if (token === undefined) return undefined
      const named = parsed(token)
      if (!Named.Check(named) || !check.Check(named.place)) {
        throw new InvalidField(parameter, 'is not one that this server named')
      }
      if (named.of !== digestOf(kind, list)) {
        throw new InvalidField(parameter, 'is of another list: leave the other parameters as they were')
      }
      return named.place
    }
  }
}

function digestOf(kind: string, { params, query }: Listed): string {
  const parameters = [...Object.entries(params ?? {}), ...Object.entries(query ?? {})]
    .filter(([name, value]) => value !== undefined && !OF_A_PAGE.has(name))
    .sort(([a], [b]) => (a < b ? -1 : 1))
  const text = JSON.stringify([kind, parameters])
  return createHash('sha256').update(text).digest('base64url').slice(0, DIGEST_CHARACTERS)
}

function parsed(token: string): unknown {
  try {
    return JSON.parse(Buffer.from(token, 'base64url').toString())
  } catch {
    return undefined
  }
}
