import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { InvalidField } from '../errors.ts'
import { Adjustment, Interval, Period } from '../market/bar.ts'
import { IndicatorName, IndicatorParameters } from '../market/indicator.ts'
import { cacheable, sendAnswer } from './answer.ts'
import { resolveRange } from './historical-range.ts'
import { isDay } from './instant.ts'
import { SymbolParams, symbolOf } from './symbol.ts'

const DAY_MS = 86_400_000

const access = 'market:read' as const
const errors = { 404: Type.Ref('ErrorBody#'), 503: Type.Ref('ErrorBody#') }

const OptionsQuery = Type.Object(
  { expiry: Type.Optional(Type.String({ maxLength: 10, description: 'YYYY-MM-DD; the nearest where absent' })) },
  { additionalProperties: false }
)

const IndicatorQuery = Type.Object(
  {
    name: IndicatorName,
    ...IndicatorParameters.properties,
    interval: Type.Enum([...Interval.enum], { default: '1d' }),
    range: Type.Optional(Period),
    from: Type.Optional(Type.String({ maxLength: 40, description: 'Date or instant; inclusive' })),
    to: Type.Optional(Type.String({ maxLength: 40, description: 'Date (inclusive) or instant (exclusive)' })),
    adjusted: Type.Enum([...Adjustment.enum], { default: 'splits' })
  },
  { additionalProperties: false }
)

/** What follows from a symbol's prices: its options, and indicators over its bars. */
export const analysisRoutes: FastifyPluginAsyncTypebox = async (app) => {
  app.get(
    '/options/:symbol',
    {
      config: { access },
      schema: {
        operationId: 'getOptions',
        summary: 'The option chain of one expiry, and the list of expiries',
        description:
          'Implied volatilities and greeks that the vendor does not give are worked out and named in `computed`; ' +
          '`pricing` says what they rest on.',
        tags: ['market'],
        params: SymbolParams,
        querystring: OptionsQuery,
        response: { 200: Type.Ref('OptionChain#'), ...cacheable, ...errors }
      }
    },
    async (request, reply) => {
      const symbol = symbolOf(request.params.symbol)
      const expiry = expiryOf(request.query.expiry, Date.now())
      const answer = await app.marketData.options(symbol, expiry)
      const { expiries } = answer.value
      if (expiry !== undefined && !expiries.includes(expiry)) {
        throw new InvalidField('expiry', `is not an expiry of options on ${symbol}`, expiries)
      }
      sendAnswer(request, reply, answer, app.freshness.options)
      return reply
    }
  )

  app.get(
    '/indicators/:symbol',
    {
      config: { access },
      schema: {
        operationId: 'getIndicator',
        summary: 'A technical indicator over the bars of one symbol, oldest first',
        description:
          'Bars of a `range` (default 1y), or `from` and `to`. The first points are missing where too few bars came ' +
          'before. The averages of ema and macd start from the first close of the range.',
        tags: ['market'],
        params: SymbolParams,
        querystring: IndicatorQuery,
        response: { 200: Type.Ref('IndicatorSeries#'), ...cacheable, ...errors }
      }
    },
    async (request, reply) => {
      const { name, interval, range, from, to, adjusted, ...parameters } = request.query
      const symbol = symbolOf(request.params.symbol)
      const query = { interval, ...(range && { period: range }), ...(from && { from }), ...(to && { to }) }
      const bars = { symbol, interval, adjusted, ...resolveRange(query, Date.now(), 'range') }
      const answer = await app.marketData.indicators({ name, parameters, bars })
      sendAnswer(request, reply, answer, app.freshness.historical)
      return reply
    }
  )
}

/** A day that exists and is not over everywhere. Throws INVALID_REQUEST. */
function expiryOf(text: string | undefined, now: number): string | undefined {
  if (text === undefined) return undefined
  if (!isDay(text)) throw new InvalidField('expiry', 'must be a date', { examples: ['2027-01-15'] })
  if (Date.parse(text) + 2 * DAY_MS < now) throw new InvalidField('expiry', 'lies in the past')
  return text
}
