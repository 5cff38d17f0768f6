import { Type } from 'typebox'
import { BarSeries, type Bar } from '../market/bar.ts'
import { Overview } from '../market/overview.ts'
import { combinedProvenance } from '../market/provenance.ts'
import { SearchResult } from '../market/search.ts'
import { isoOf } from '../market/time.ts'
import { RANGE_QUERY, resolveRange } from '../routes/historical-range.ts'
import { SERIES_QUERY } from '../routes/historical.ts'
import { DayOrInstant, instantOf } from '../routes/instant.ts'
import { Search, searchQueryOf } from '../routes/search.ts'
import { symbolOf } from '../routes/symbol.ts'
import { symbol } from './symbol-tools.ts'
import { AGE_BOUND, labelOf, ownLabel, tool, type Label } from './tool.ts'

const MAX_BARS = 1000

const { provenance: _ofSeries, ...ofSeries } = BarSeries.properties
const { provenance: _ofSearch, ...ofSearch } = SearchResult.properties
const { period: _alias, ...range } = RANGE_QUERY

export const getHistory = tool({
  name: 'get_history',
  title: 'Price history',
  description:
    'Bars of one symbol (open, high, low, close, volume), oldest first: the last `limit` of the stretch that range, or ' +
    'from and to, name. Where there are earlier ones, `next.before` asks for them. Prices are adjusted for splits unless ' +
    '`adjusted` says otherwise; daily bars start at session dates of the exchange, shorter ones at UTC instants.',
  input: Type.Object(
    {
      symbol,
      ...range,
      ...SERIES_QUERY,
      limit: Type.Integer({ minimum: 1, maximum: MAX_BARS, default: 100, description: 'How many bars at most' }),
      before: Type.Optional(DayOrInstant('Only bars that start before it: `next.before` of the answer before')),
      ...AGE_BOUND
    },
    { additionalProperties: false }
  ),
  data: Type.Object({
    ...ofSeries,
    next: Type.Optional(
      Type.Object(
        { before: Type.String() },
        { description: 'There are earlier bars in the stretch: ask again with it' }
      )
    )
  }),
  async call({ limit, before, symbol: text, interval, adjusted, range: named, from, to }, context) {
    const { marketData, freshness, asker } = context
    const resolved = resolveRange({ interval, range: named, from, to }, Date.now())
    const answer = await marketData.bars({ symbol: symbolOf(text), interval, adjusted, ...resolved }, asker)
    freshness.historical.note(answer, Date.now())
    const { provenance, bars: all, ...head } = answer.value
    const { bars, next } = lastOf(all, limit, before)
    const stretch = bars.length > 0 ? `, ${bars[0]!.start} to ${bars.at(-1)!.start}` : ''
    return {
      data: { ...head, bars, ...(next && { next }) },
      label: labelOf(provenance),
      summary: `${bars.length} bars of ${interval} of ${head.symbol}${stretch}, adjusted: ${head.adjusted}`,
      freshUntil: answer.freshUntil
    }
  }
})

function lastOf(all: readonly Bar[], limit: number, before?: string): { bars: Bar[]; next?: { before: string } } {
  const earlier = before === undefined ? all : all.filter(({ start }) => instantOf(start) < instantOf(before))
  const bars = earlier.slice(-limit)
  return { bars, ...(bars.length < earlier.length && { next: { before: bars[0]!.start } }) }
}

export const searchSymbols = tool({
  name: 'search_symbols',
  title: 'Search',
  description: 'Instruments by name or symbol, best match first: how to find the symbol that the other tools take.',
  input: Type.Object({ ...Search.properties, ...AGE_BOUND }, { additionalProperties: false }),
  data: Type.Object(ofSearch),
  async call(input, { marketData, freshness, asker }) {
    const answer = await marketData.search(searchQueryOf(input.query), input.limit, asker)
    freshness.search.note(answer, Date.now())
    const { provenance, ...data } = answer.value
    const found = data.matches.map((match) => match.symbol)
    return {
      data,
      label: labelOf(provenance),
      summary: `${found.length} matches: ${found.join(', ')}`,
      freshUntil: answer.freshUntil
    }
  }
})

export const getMarketOverview = tool({
  name: 'get_market_overview',
  title: 'Market overview',
  description:
    'Indices, sectors, movers, sentiment and the sessions of exchanges at once. Each part has a provenance of its own; one ' +
    'that cannot be had is missing, and `errors` says why.',
  input: Type.Object(AGE_BOUND, { additionalProperties: false }),
  data: Overview,
  async call(_input, { marketData, freshness }) {
    const answer = await marketData.overview()
    freshness.overview.note(answer, Date.now())
    const data = answer.value
    const missing = data.errors.map(({ part }) => part)
    return {
      data,
      label: overviewLabel(data, answer.receivedAt),
      summary: `Overview${missing.length > 0 ? ` without ${missing.join(', ')}, which could not be had` : ''}`,
      freshUntil: answer.freshUntil
    }
  }
})

/** As old as its oldest part, and trusted as the least trusted. */
function overviewLabel({ indices, sectors, gainers, losers, actives, sentiment }: Overview, receivedAt: number): Label {
  const parts = [indices, sectors, gainers, losers, actives, sentiment].flatMap((part) => part?.provenance ?? [])
  return parts.length > 0 ? labelOf(combinedProvenance(parts)) : ownLabel(isoOf(receivedAt))
}
