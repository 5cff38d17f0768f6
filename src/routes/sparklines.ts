import { hash } from 'node:crypto'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { Type, type Static } from 'typebox'
import { Interval, Period, type BarSeries } from '../market/bar.ts'
import { BatchError } from '../market/batch-error.ts'
import type { Answer } from '../market/market-data.ts'
import { periodRange } from '../market/period.ts'
import { Feed, ValueState } from '../market/provenance.ts'
import { RequestedSymbols } from '../market/symbol.ts'
import { dateIn } from '../market/zoned-time.ts'
import { cacheable, describeFreshness, isHeldByClient } from './answer.ts'
import { askerOf } from './asker.ts'
import { inOrder } from './in-order.ts'
import { isError, MAX_BATCH, outcomeOf, readSymbols, SYMBOLS_QUERY } from './symbol-list.ts'

/** Series that one request loads at once. */
const SERIES_AT_ONCE = 8
/** More would not be seen in a row of a list. */
const MAX_POINTS = 100

/** Bars that make a line of less than a few hundred points. */
const INTERVALS: Readonly<Record<Period, Interval>> = {
  '1d': '5m',
  '5d': '30m',
  '1mo': '1d',
  '3mo': '1d',
  '6mo': '1d',
  ytd: '1d',
  '1y': '1d',
  '2y': '1wk',
  '5y': '1wk',
  '10y': '1mo',
  max: '1mo'
}

const Query = Type.Object(
  {
    ...SYMBOLS_QUERY,
    range: Type.Enum([...Period.enum], {
      default: '1d',
      description: 'How far it reaches back; 1d: the newest session'
    })
  },
  { additionalProperties: false }
)

const Sparkline = Type.Object({
  symbol: Type.String(),
  closes: Type.Array(Type.Number(), { description: `Oldest first, adjusted for splits; at most ${MAX_POINTS}` }),
  interval: Type.Enum([...Interval.enum], { description: 'Of the bars whose closes they are' }),
  start: Type.Optional(Type.String({ description: 'When the bar of the first close starts, as in a series' })),
  asOf: Type.Optional(Type.String({ description: 'When the bar of the last close starts' })),
  currency: Type.Optional(Type.String()),
  source: Type.String({ description: 'The provider of the bars' }),
  feed: Feed,
  state: ValueState,
  receivedAt: Type.String({ format: 'date-time' })
})
type Sparkline = Static<typeof Sparkline>

const Sparklines = Type.Object({
  range: Period,
  sparklines: Type.Array(Sparkline, { description: 'In the order asked for' }),
  errors: Type.Array(BatchError, { description: 'Symbols without one, and why' }),
  requested: Type.Optional(RequestedSymbols)
})

type Sparklines = Static<typeof Sparklines>

/** Small lines of closes, for lists of symbols. */
export const sparklineRoutes: FastifyPluginAsyncTypebox = async (app) => {
  app.get(
    '/sparklines',
    {
      config: { access: 'market:read' },
      schema: {
        operationId: 'getSparklines',
        summary: `Closes of up to ${MAX_BATCH} symbols, few enough to be drawn in a list; each succeeds or fails by itself`,
        tags: ['market'],
        querystring: Query,
        response: { 200: Sparklines, ...cacheable }
      }
    },
    async (request, reply) => {
      const { symbols: list, range } = request.query
      const { symbols, errors, requested } = readSymbols(list)
      const asked = { interval: INTERVALS[range], adjusted: 'splits', ...periodRange(range, Date.now()) } as const
      const answers: Answer<BarSeries>[] = []
      const failed = [...errors]
      const load = (symbol: string) => outcomeOf(symbol, app.marketData.bars({ symbol, ...asked }, askerOf(request)))
      for await (const outcome of inOrder(symbols, SERIES_AT_ONCE, load)) {
        if (isError(outcome)) failed.push(outcome)
        else answers.push(outcome)
      }
      const sparklines = answers.map(({ value }) => sparklineOf(value, range))
      send(request, reply, answers, { range, sparklines, errors: failed, ...(requested && { requested }) })
      return reply
    }
  )

  /** As old as the oldest of its series. */
  function send(request: FastifyRequest, reply: FastifyReply, answers: readonly Answer<unknown>[], value: Sparklines) {
    const body = JSON.stringify(value)
    if (answers.length > 0) {
      const receivedAt = Math.min(...answers.map((answer) => answer.receivedAt))
      const freshUntil = Math.min(...answers.map((answer) => answer.freshUntil))
      describeFreshness(reply, { receivedAt, freshUntil }, app.freshness.historical, answers.length)
    }
    if (isHeldByClient(request, reply, `"${hash('sha1', body, 'base64url')}"`)) return
    reply.type('application/json; charset=utf-8').send(body)
  }
}

function sparklineOf(
  { symbol, interval, bars: all, timeZone, currency, provenance }: BarSeries,
  range: Period
): Sparkline {
  const bars = range === '1d' ? newestDay(all, timeZone) : all
  const step = Math.ceil(bars.length / MAX_POINTS)
  // Counted from the end: the newest close is always there.
  const shown = bars.filter((_, index) => (bars.length - 1 - index) % step === 0)
  const { source, feed, state, receivedAt } = provenance
  return {
    symbol,
    closes: shown.map(({ close }) => close),
    interval,
    ...(shown.length > 0 && { start: shown[0]!.start, asOf: shown.at(-1)!.start }),
    ...(currency !== undefined && { currency }),
    source,
    feed,
    state,
    receivedAt
  }
}

/** Bars of a short period reach back to the session before. */
function newestDay(bars: BarSeries['bars'], timeZone = 'UTC'): BarSeries['bars'] {
  const newest = bars.at(-1)
  if (!newest) return []
  const dayOf = (start: string) => dateIn(timeZone, Date.parse(start))
  const day = dayOf(newest.start)
  return bars.filter(({ start }) => dayOf(start) === day)
}
