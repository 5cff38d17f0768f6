import { Type, type Static } from 'typebox'
import { InvalidField } from '../errors.ts'
import { Adjustment, Interval, Period } from '../market/bar.ts'
import { IndicatorName, IndicatorParameters, type IndicatorSpec } from '../market/indicator.ts'
import { FORMAT_QUERY } from './row-formats.ts'
import { RANGE_QUERY } from './historical-range.ts'

const MAX_INDICATORS = 20
const MAX_LIST_LENGTH = 400
const BARE_NUMBER = /^\d+$/

/** What the numbers of a short form are, in their order. */
const SHORT_FORMS: Readonly<Record<IndicatorName, readonly (keyof IndicatorParameters)[]>> = {
  sma: ['length'],
  ema: ['length'],
  rsi: ['length'],
  macd: ['fast', 'slow', 'signal'],
  bollinger: ['length', 'deviations'],
  atr: ['length'],
  stochastic: ['length', 'smoothing', 'signal'],
  obv: [],
  vwap: []
}
const EXAMPLE = 'sma:20,sma:50,rsi,macd:12-26-9,bollinger:20-2.5'

export const IndicatorQuery = Type.Object(
  {
    name: Type.Optional(
      Type.Enum([...IndicatorName.enum], { description: 'One indicator, with its parameters beside it' })
    ),
    indicators: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: MAX_LIST_LENGTH,
        description: `Up to ${MAX_INDICATORS} at once over the same bars, instead of name: ${IndicatorName.enum.join(', ')}, each with the numbers that it takes, in the order of the parameters here`,
        examples: [EXAMPLE]
      })
    ),
    ...IndicatorParameters.properties,
    interval: Type.Enum([...Interval.enum], { default: '1d', description: 'Length of a bar' }),
    ...RANGE_QUERY,
    period: Type.Optional(
      Type.String({
        pattern: `^(\\d{1,4}|${Period.enum.join('|')})$`,
        description: 'Another name of range. A bare number is taken for length, as earlier versions did'
      })
    ),
    adjusted: Type.Enum([...Adjustment.enum], { default: 'splits', description: 'What prices are adjusted for' }),
    ...FORMAT_QUERY
  },
  { additionalProperties: false }
)

type Query = Static<typeof IndicatorQuery>
export type AskedIndicators = { readonly specs: readonly IndicatorSpec[]; readonly isSet: boolean }

/** Which indicators are asked for, and whether as a set. Throws INVALID_REQUEST naming the field at fault. */
export function indicatorsOf({ name, indicators, period, ...query }: Query): AskedIndicators {
  const given = Object.keys(IndicatorParameters.properties) as (keyof IndicatorParameters)[]
  const parameters: IndicatorParameters = Object.fromEntries(
    given.flatMap((key) => (query[key] === undefined ? [] : [[key, query[key]]]))
  )
  if (period !== undefined && BARE_NUMBER.test(period)) {
    if (parameters.length !== undefined) throw new InvalidField('period', 'cannot be combined with length')
    parameters.length = Number(period)
  }
  if (indicators === undefined) {
    if (name === undefined) throw new InvalidField('name', 'is missing; or give indicators', [...IndicatorName.enum])
    return { specs: [{ name, parameters }], isSet: false }
  }
  if (name !== undefined) throw new InvalidField('name', 'cannot be combined with indicators')
  const [beside] = Object.keys(parameters)
  if (beside) throw new InvalidField(beside, `cannot be combined with indicators; write it like ${EXAMPLE}`)
  const specs = indicators.split(',').map((text) => specOf(text.trim()))
  if (specs.length > MAX_INDICATORS) {
    throw new InvalidField('indicators', `names more than ${MAX_INDICATORS}`, { maximum: MAX_INDICATORS })
  }
  return { specs, isSet: true }
}

/** The named range of the query; undefined where `period` is a bare number. */
export function periodOf({ period }: Query): Period | undefined {
  return Period.enum.find((each) => each === period)
}

function specOf(text: string): IndicatorSpec {
  const [written = '', numbers, ...rest] = text.split(':')
  const name = IndicatorName.enum.find((each) => each === written)
  if (!name || rest.length > 0) {
    throw new InvalidField('indicators', `names ${JSON.stringify(written)}, which is none; write it like ${EXAMPLE}`, [
      ...IndicatorName.enum
    ])
  }
  const values = numbers === undefined ? [] : numbers.split('-').map(Number)
  const keys = SHORT_FORMS[name]
  if (values.length > keys.length || values.some((value) => !Number.isFinite(value) || value <= 0)) {
    const takes = keys.length > 0 ? `takes ${keys.join('-')}` : 'takes no numbers'
    throw new InvalidField('indicators', `gives ${name} what it does not take: it ${takes}`, { example: EXAMPLE })
  }
  const fraction = values.findIndex((value, index) => keys[index] !== 'deviations' && !Number.isInteger(value))
  if (fraction >= 0) throw new InvalidField('indicators', `gives ${name} a ${keys[fraction]} that is no whole number`)
  return { name, parameters: Object.fromEntries(values.map((value, index) => [keys[index], value])) }
}
