import { Type } from 'typebox'
import { Adjustment, isIntraday, type HistoricalSeries, type Interval } from '../market/bar.ts'
import type { Columns } from './rows.ts'

export type HistoricalBar = HistoricalSeries['bars'][number]

/** For routes that show history: closes of another adjustment beside those of the bars. */
export const CLOSES_QUERY = {
  adjustedClose: Type.Optional(
    Type.Enum([...Adjustment.enum], {
      description:
        'Beside each close another one, adjusted so: `adjusted=none&adjustedClose=all` shows closes as traded and adjusted ones side by side'
    })
  )
}

/** From 1d up a bar starts at a date. */
export const barColumns = (interval: Interval, hasCloses: boolean) =>
  ({
    start: isIntraday(interval) ? 'instant' : 'date',
    open: 'number',
    high: 'number',
    low: 'number',
    close: 'number',
    volume: 'number',
    complete: 'boolean',
    ...(hasCloses && { adjustedClose: 'number' })
  }) as const satisfies Columns<HistoricalBar>
