import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { InvalidField } from '../errors.ts'
import { DAY_MS } from '../market/time.ts'
import {
  CONTRACT_COLUMNS,
  contractRows,
  indicatorAnswer,
  patternAnswer,
  patternRows,
  seriesRows,
  setRows
} from './analysis-rows.ts'
import { cacheable } from './answer.ts'
import { resolveRange } from './historical-range.ts'
import { IndicatorQuery, indicatorsOf, periodOf } from './indicator-query.ts'
import { Day } from './instant.ts'
import { PatternQuery, patternNames } from './pattern-query.ts'
import { FORMAT_QUERY, rowsAnswer, sendInFormat } from './row-formats.ts'
import { SymbolParams, symbolOf } from './symbol.ts'
import { askerOf } from './asker.ts'

const access = 'market:read' as const
const errors = { 404: Type.Ref('ErrorBody#'), 503: Type.Ref('ErrorBody#') }

const OptionsQuery = Type.Object(
  {
    expiry: Type.Optional(Day('YYYY-MM-DD, one of `expiries`; the nearest where absent. Others are a 400')),
    ...FORMAT_QUERY
  },
  { additionalProperties: false }
)

/** What follows from a symbol's prices: its options, and indicators and patterns of its bars. */
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
        response: { 200: rowsAnswer('OptionChain', 'contract', CONTRACT_COLUMNS), ...cacheable, ...errors }
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
      return sendInFormat(request, reply, { answer, freshness: app.freshness.options, rowsOf: contractRows })
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
          200: indicatorAnswer,
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
      const freshness = app.freshness.historical
      if (isSet) {
        const answer = await app.marketData.indicators(asked, askerOf(request)).catch(toldOfList)
        return sendInFormat(request, reply, { answer, freshness, rowsOf: setRows })
      }
      const answer = await app.marketData.indicator(asked, askerOf(request))
      return sendInFormat(request, reply, { answer, freshness, rowsOf: seriesRows })
    }
  )

  app.get(
    '/patterns/:symbol',
    {
      config: { access },
      schema: {
        operationId: 'getPatterns',
        summary: 'Candlestick patterns in the bars of one symbol, oldest first',
        description:
          'Those whose last bars lie in the range; the bars before it are taken into account. What each of them is stands in ' +
          '[the guide to them](/docs/guides/patterns.md).',
        tags: ['market'],
        params: SymbolParams,
        querystring: PatternQuery,
        response: { 200: patternAnswer, ...cacheable, ...errors }
      }
    },
    async (request, reply) => {
      const { names, interval, adjusted, ...range } = request.query
      const symbol = symbolOf(request.params.symbol)
      const bars = { symbol, interval, adjusted, ...resolveRange({ ...range, interval }, Date.now()) }
      const answer = await app.marketData.patterns({ names: patternNames(names), bars }, askerOf(request))
      return sendInFormat(request, reply, { answer, freshness: app.freshness.historical, rowsOf: patternRows })
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
