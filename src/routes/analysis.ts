import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { InvalidField } from '../errors.ts'
import { DAY_MS } from '../market/time.ts'
import { cacheable, sendAnswer } from './answer.ts'
import { resolveRange } from './historical-range.ts'
import { IndicatorQuery, indicatorsOf, periodOf } from './indicator-query.ts'
import { Day } from './instant.ts'
import { SymbolParams, symbolOf } from './symbol.ts'
import { askerOf } from './asker.ts'

const access = 'market:read' as const
const errors = { 404: Type.Ref('ErrorBody#'), 503: Type.Ref('ErrorBody#') }

const OptionsQuery = Type.Object(
  { expiry: Type.Optional(Day('YYYY-MM-DD, one of `expiries`; the nearest where absent. Others are a 400')) },
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
      const answer = await app.marketData.options(symbol, expiry, askerOf(request))
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
        summary: 'Technical indicators over the bars of one symbol, oldest first',
        description:
          'One by `name`, with its parameters; or several by `indicators`, which gives an IndicatorSet. Bars before the ' +
          'range are taken into account, so that a value does not depend on the range asked; `conventions` say how it is ' +
          'computed.',
        tags: ['market'],
        params: SymbolParams,
        querystring: IndicatorQuery,
        response: {
          200: Type.Union([Type.Ref('IndicatorSeries#'), Type.Ref('IndicatorSet#')]),
          ...cacheable,
          ...errors
        }
      }
    },
    async (request, reply) => {
      const { interval, adjusted, range, from, to } = request.query
      const { specs, isSet } = indicatorsOf(request.query)
      const symbol = symbolOf(request.params.symbol)
      const resolved = resolveRange({ interval, range, period: periodOf(request.query), from, to }, Date.now())
      const asked = { indicators: specs, bars: { symbol, interval, adjusted, ...resolved } }
      const answer = isSet
        ? app.marketData.indicators(asked, askerOf(request)).catch(toldOfList)
        : app.marketData.indicator(asked, askerOf(request))
      sendAnswer(request, reply, await answer, app.freshness.historical)
      return reply
    }
  )
}

/** In the short form a parameter has no field of its own. */
function toldOfList(error: unknown): never {
  if (!(error instanceof InvalidField)) throw error
  throw new InvalidField('indicators', `holds what cannot be: ${error.message}`)
}

/** A day that is not over everywhere. Throws INVALID_REQUEST. */
function expiryOf(text: string | undefined, now: number): string | undefined {
  if (text === undefined) return undefined
  if (Date.parse(text) + 2 * DAY_MS < now) throw new InvalidField('expiry', 'lies in the past')
  return text
}
