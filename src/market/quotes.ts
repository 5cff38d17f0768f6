import { Type } from 'typebox'
import { BatchError } from './batch-error.ts'
import { Quote } from './quote.ts'
import { RequestedSymbols } from './symbol.ts'

/** Quotes of many symbols, each of which succeeds or fails by itself. */
export const Quotes = Type.Object(
  {
    quotes: Type.Array(Quote, { description: 'In the order asked for' }),
    errors: Type.Array(BatchError, { description: 'Symbols without a quote, and why' }),
    requested: Type.Optional(RequestedSymbols)
  },
  { $id: 'Quotes' }
)
