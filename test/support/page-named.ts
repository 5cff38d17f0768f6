import { Type } from 'typebox'
import { pageTokens, type Listed } from '../../src/routes/page-token.ts'

/** The name of a page that this server would not name, of a list as its route reads it: with all defaults. */
export const pageNamed = (kind: string, place: object, list: Partial<Listed>): string =>
  pageTokens(kind, Type.Any()).write(place, { params: {}, query: {}, ...list })
