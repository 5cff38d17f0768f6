import { hash } from 'node:crypto'
import { Type } from 'typebox'
import { InvalidField } from '../errors.ts'
import { editDistance } from '../market/edit-distance.ts'
import type { Answer } from '../market/market-data.ts'
import { Quote } from '../market/quote.ts'

/** All members, in the order of the shape. */
export const QUOTE_FIELDS = Object.keys(Quote.properties) as (keyof Quote)[]
/** Without them nobody knows what a figure is of, and whether to trust it. */
const ALWAYS: readonly (keyof Quote)[] = ['symbol', 'provenance']
const MAX_LIST_LENGTH = 500
/** How far a name may be from the one that was probably meant. */
const MAX_EDITS = 2

/** For routes that answer with quotes. */
export const FIELDS_QUERY = {
  fields: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: MAX_LIST_LENGTH,
      description: `Only these, separated by commas, of ${QUOTE_FIELDS.join(', ')}; the symbol and provenance are always there`,
      examples: ['price,changePercent,volume']
    })
  )
}

/** The members that a quote is asked for with, in the order of its shape. Throws INVALID_REQUEST naming what is none. */
export function fieldsIn(list: string): readonly (keyof Quote)[] {
  const names = new Set(list.split(',').map((name) => name.trim()))
  for (const name of names) {
    if (!QUOTE_FIELDS.some((field) => field === name)) throw unknownField(name)
  }
  return QUOTE_FIELDS.filter((field) => names.has(field) || ALWAYS.includes(field))
}

function unknownField(name: string): InvalidField {
  const nearest = nearestField(name.toLowerCase())
  const hint = nearest === undefined ? '' : `; ${nearest} was probably meant`
  return new InvalidField('fields', `names ${JSON.stringify(name)}, which no quote has${hint}`, QUOTE_FIELDS)
}

/** One that the name abbreviates (changePct, vol), else one with a few other letters. */
function nearestField(lower: string): string | undefined {
  const abbreviated = QUOTE_FIELDS.filter((field) => abbreviates(lower, field.toLowerCase()))
  const misspelt = QUOTE_FIELDS.filter((field) => editDistance(lower, field.toLowerCase(), MAX_EDITS) !== undefined)
  return abbreviated.toSorted((a, b) => a.length - b.length)[0] ?? misspelt[0]
}

/** Whether a text has the letters of a shorter one in their order, the first of them first. */
function abbreviates(short: string, long: string): boolean {
  if (short === '' || short[0] !== long[0]) return false
  let at = 0
  for (const letter of long) if (letter === short[at]) at++
  return at === short.length
}

/** A quote with some of its members. */
export type QuotePart = Partial<Quote> & Pick<Quote, 'symbol' | 'provenance'>

/** The same answer with some members of its quote only; what the quote lacks is missing. */
export function onlyFields(answer: Answer<Quote>, fields: readonly (keyof Quote)[]): Answer<QuotePart> {
  const { value, receivedAt, freshUntil, staleUntil } = answer
  const members = fields.flatMap((field) => (value[field] === undefined ? [] : [[field, value[field]] as const]))
  const part = Object.fromEntries(members) as QuotePart
  const body = Buffer.from(JSON.stringify(part))
  return { value: part, body, etag: `"${hash('sha1', body, 'base64url')}"`, receivedAt, freshUntil, staleUntil }
}
