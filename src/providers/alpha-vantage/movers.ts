// https://www.alphavantage.co/documentation/#gainer-loser
import { Type, type Static } from 'typebox'
import { Compile } from 'typebox/compile'
import type { Mover, MoverKind, Movers } from '../../market/market-wide.ts'
import { isoOf } from '../../market/time.ts'
import { usIssue } from '../../market/us-issue.ts'
import { provenanceOf } from '../parse.ts'
import { fittingRows, oncePer } from '../rows.ts'
import { instantIn } from '../session-dates.ts'
import { PROVIDER, refused, type AlphaVantageClient } from './client.ts'
import { canonicalOf } from './listing.ts'
import { END_OF_DAY, END_OF_DAY_DELAY_SECONDS } from './quote.ts'
import { notNegativeOf, numberOf, positiveOf } from './wire-value.ts'

const LISTS = { gainers: 'top_gainers', losers: 'top_losers', actives: 'most_actively_traded' } as const

/** A larger move is a unit error or an unannounced reverse split, not a move. */
const MAX_MOVE_PERCENT = 10_000

/** Nasdaq's fifth letter: W a warrant, R a right, U a unit. */
const DERIVATIVE_TICKER = /^[A-Z]{4}[WRU]$/
const DERIVATIVE_ISSUES = new Set(['warrant', 'right', 'unit'])

/** US movers of the last session. Warrants, rights, units and impossible moves are left out. */
export async function movers(
  client: AlphaVantageClient,
  type: MoverKind,
  signal: AbortSignal,
  now: () => number
): Promise<Movers> {
  const body = await client.ask('TOP_GAINERS_LOSERS', {}, WireLists, `the ${type}`, signal)
  const list = body[LISTS[type]]
  if (!list) throw refused('bad_payload', `sent no list of the ${type}`)
  const rows = fittingRows(PROVIDER, `the ${type}`, list, WireMovers)
  const asOf = updatedAt(body.last_updated)
  return {
    type,
    movers: oncePer(
      rows.flatMap((row) => parseMover(row) ?? []),
      ({ symbol }) => symbol
    ),
    ...(asOf && { asOf }),
    provenance: provenanceOf(PROVIDER, {
      feed: 'delayed',
      receivedAt: now(),
      delayedBySeconds: END_OF_DAY_DELAY_SECONDS,
      notes: [END_OF_DAY]
    })
  }
}

function parseMover(wire: WireMover): Mover | undefined {
  const symbol = canonicalOf(wire.ticker)
  const price = positiveOf(wire.price)
  const change = numberOf(wire.change_amount)
  const changePercent = numberOf(wire.change_percentage)
  const volume = notNegativeOf(wire.volume)
  if (!symbol || isDerivative(symbol) || price === undefined || changePercent === undefined) return undefined
  if (changePercent <= -100 || changePercent > MAX_MOVE_PERCENT) return undefined
  return {
    symbol,
    price,
    changePercent,
    ...(change !== undefined && { change }),
    ...(volume !== undefined && { volume }),
    currency: 'USD'
  }
}

function isDerivative(symbol: string): boolean {
  return DERIVATIVE_TICKER.test(symbol) || DERIVATIVE_ISSUES.has(usIssue(symbol)?.issue ?? '')
}

/** `2023-07-03 16:15:58 US/Eastern` */
function updatedAt(text: unknown): string | undefined {
  const wall = String(text).match(/^(\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}) US\/Eastern$/)?.[1]
  const instant = instantIn('America/New_York', wall)
  return instant ? isoOf(instant) : undefined
}

const WireMover = Type.Object({
  ticker: Type.String(),
  price: Type.Unknown(), // these four are texts
  change_amount: Type.Optional(Type.Unknown()),
  change_percentage: Type.Unknown(), // 136.6667%
  volume: Type.Optional(Type.Unknown())
})
type WireMover = Static<typeof WireMover>

const WireMovers = Compile(WireMover)

const WireRows = Type.Optional(Type.Array(Type.Unknown()))
const WireLists = Compile(
  Type.Object({
    last_updated: Type.Optional(Type.Unknown()),
    top_gainers: WireRows,
    top_losers: WireRows,
    most_actively_traded: WireRows
  })
)
