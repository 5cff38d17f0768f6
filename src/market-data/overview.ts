import { answerOf } from '../cache/entry.ts'
import { ApiError } from '../errors.ts'
import type { Answer, Priority } from '../market/market-data.ts'
import type { MarketStatus } from '../market/market-status.ts'
import type { Indices, MoverKind, Movers, Sectors } from '../market/market-wide.ts'
import type { Overview, OverviewError } from '../market/overview.ts'
import type { Sentiment } from '../market/sentiment.ts'

/** So many movers of each kind fit a first screen; their own route has the rest. */
const MOVERS_SHOWN = 10
/** An overview that lacks a part is asked again soon. */
const INCOMPLETE_FRESH_MS = 5000

export type OverviewParts = {
  indices: (priority?: Priority) => Promise<Answer<Indices>>
  sectors: (priority?: Priority) => Promise<Answer<Sectors>>
  movers: (type: MoverKind, priority?: Priority) => Promise<Answer<Movers>>
  sentiment: (priority?: Priority) => Promise<Answer<Sentiment>>
  status: () => Answer<MarketStatus>
}

type PartName = OverviewError['part']
type Part = Answer<Indices | Sectors | Movers | Sentiment> | ApiError

/**
 * Puts the overview together from its parts' own answers. As long as they stay the same and fresh, so does it: it is
 * encoded once.
 */
export function createOverview({ indices, sectors, movers, sentiment, status }: OverviewParts) {
  let built: { parts: readonly Part[]; statusTag: string; answer: Answer<Overview> } | undefined

  return async (priority?: Priority): Promise<Answer<Overview>> => {
    const asked: [PartName, Promise<Part>][] = [
      ['indices', orError(indices(priority))],
      ['sectors', orError(sectors(priority))],
      ['gainers', orError(movers('gainers', priority))],
      ['losers', orError(movers('losers', priority))],
      ['actives', orError(movers('actives', priority))],
      ['sentiment', orError(sentiment(priority))]
    ]
    const parts = await Promise.all(asked.map(([, part]) => part))
    const now = status()
    const isSame = built?.statusTag === now.etag && built.parts.every((part, index) => part === parts[index])
    if (!built || !isSame || built.answer.freshUntil <= now.receivedAt) {
      const named = asked.map(([name], index) => [name, parts[index]!] as const)
      built = { parts, statusTag: now.etag, answer: build(named, now) }
    }
    return built.answer
  }
}

function build(parts: readonly (readonly [PartName, Part])[], status: Answer<MarketStatus>): Answer<Overview> {
  const told = parts.flatMap(([name, part]) => (part instanceof Error ? [] : [[name, part] as const]))
  const errors = parts.flatMap(([name, part]) => (part instanceof Error ? [errorOf(name, part)] : []))
  const value = {
    ...Object.fromEntries(told.map(([name, part]) => [name, shown(part.value)])),
    status: status.value,
    errors
  } as Overview
  const answers = told.map(([, part]) => part)
  const receivedAt = Math.min(status.receivedAt, ...answers.map((answer) => answer.receivedAt))
  const soon = errors.length > 0 ? status.receivedAt + INCOMPLETE_FRESH_MS : Infinity
  const freshUntil = Math.min(status.freshUntil, soon, ...answers.map((answer) => answer.freshUntil))
  return answerOf(value, { receivedAt, freshUntil, staleUntil: freshUntil })
}

function errorOf(part: PartName, { code, message, details }: ApiError): OverviewError {
  return { part, code, message, ...(details !== undefined && { details }) }
}

/** What is no error of the API's own is a bug: it fails the whole overview. */
async function orError(part: Promise<Answer<Indices | Sectors | Movers | Sentiment>>): Promise<Part> {
  try {
    return await part
  } catch (error) {
    if (error instanceof ApiError) return error
    throw error
  }
}

function shown(value: Indices | Sectors | Movers | Sentiment) {
  return 'movers' in value ? { ...value, movers: value.movers.slice(0, MOVERS_SHOWN) } : value
}
