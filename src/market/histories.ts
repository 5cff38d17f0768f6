import { Type } from 'typebox'
import { Adjustment, HistoricalSeries, Interval } from './bar.ts'
import { BatchError } from './batch-error.ts'
import { RequestedSymbols } from './symbol.ts'

/** Series of many symbols, each of which succeeds or fails by itself. */
export const Histories = Type.Object(
  {
    interval: Interval,
    adjusted: Adjustment,
    series: Type.Array(HistoricalSeries, { description: 'In the order asked for' }),
    errors: Type.Array(BatchError, { description: 'Symbols without a series, and why' }),
    requested: Type.Optional(RequestedSymbols)
  },
  { $id: 'Histories' }
)
