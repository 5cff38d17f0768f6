import { Type } from 'typebox'
import { InvalidField } from '../errors.ts'
import { Adjustment, Interval } from '../market/bar.ts'
import { CandlePatternName } from '../market/candle-pattern.ts'
import { RANGE_QUERY } from './historical-range.ts'
import { FORMAT_QUERY } from './row-formats.ts'

export const PatternQuery = Type.Object(
  {
    names: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 1000,
        description: `Which patterns, separated by commas; all unless told: ${CandlePatternName.enum.join(', ')}`,
        examples: ['hammer,engulfing']
      })
    ),
    interval: Type.Enum([...Interval.enum], { default: '1d', description: 'Length of a bar' }),
    ...RANGE_QUERY,
    adjusted: Type.Enum([...Adjustment.enum], { default: 'splits', description: 'What prices are adjusted for' }),
    ...FORMAT_QUERY
  },
  { additionalProperties: false }
)

/** Throws INVALID_REQUEST for a name that no pattern has. */
export function patternNames(list: string | undefined): ReadonlySet<CandlePatternName> {
  if (list === undefined) return new Set(CandlePatternName.enum)
  return new Set(
    list.split(',').map((text) => {
      const name = CandlePatternName.enum.find((each) => each === text.trim())
      if (name) return name
      throw new InvalidField('names', `holds ${JSON.stringify(text.trim())}, which is none`, [
        ...CandlePatternName.enum
      ])
    })
  )
}
