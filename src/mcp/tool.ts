import { Type, type Static, type TObject, type TSchema } from 'typebox'
import type { Archive } from '../market/archive.ts'
import type { DataFreshness } from '../market/data-freshness.ts'
import type { Asker, MarketData } from '../market/market-data.ts'
import { Feed } from '../market/provenance.ts'
import { QuoteProvenance } from '../market/quote-provenance.ts'

const { feed: _, ...ofProvenance } = QuoteProvenance.properties

/** Where an answer comes from, how old it is and whether to trust it. */
export const Label = Type.Object({
  ...ofProvenance,
  feed: Type.Optional(Feed),
  asOf: Type.Optional(Type.String({ format: 'date-time', description: "The vendor's instant of the price, UTC" })),
  ageSeconds: Type.Integer({
    minimum: 0,
    description:
      'Since asOf, or since receivedAt where there is none, and delayedBySeconds at least; what maxAgeSeconds bounds'
  })
})
export type Label = Static<typeof Label>

/** What the caller may still ask in this minute. */
export const CallBudget = Type.Object({
  limitPerMinute: Type.Integer(),
  remaining: Type.Integer(),
  resetSeconds: Type.Integer({ description: 'Until all of them may be made again' })
})
export type CallBudget = Static<typeof CallBudget>

/** `maxAgeSeconds`, in every tool whose answer can be old. */
export const AGE_BOUND = {
  maxAgeSeconds: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: 31_536_000,
      description: 'Refuse an answer older than this (see ageSeconds) instead of giving it'
    })
  )
}

/** What tools work with, for one call. */
export type ToolContext = {
  readonly marketData: MarketData
  readonly archive: Archive
  readonly freshness: DataFreshness
  readonly asker: Asker
}

/** What a tool found. Instants are epoch milliseconds. */
export type Found<T> = {
  readonly data: T
  readonly label: Label
  /** In one sentence, without a word of a vendor's. */
  readonly summary: string
  /** When a newer answer can be had; absent where each call makes its own. */
  readonly freshUntil?: number
  /** Of what the answer tells, where it is of one symbol. */
  readonly symbol?: string
}

/** One tool of an agent: `input` and `data` are its schemas. `call` rejects with the errors of src/errors.ts. */
export type Tool<Input extends TObject = TObject, Data extends TSchema = TSchema> = {
  readonly name: string
  readonly title: string
  readonly description: string
  readonly input: Input
  readonly data: Data
  call(input: Static<Input>, context: ToolContext): Promise<Found<Static<Data>>>
}

/** Keeps the types of one tool together; a list of tools no longer knows them. */
export const tool = <Input extends TObject, Data extends TSchema>(definition: Tool<Input, Data>): Tool => definition

/** The label of a vendor's value. A vendor that is late by contract is late, whatever instant it writes on its price. */
export function labelOf(
  provenance: QuoteProvenance,
  { asOf, now = Date.now() }: { asOf?: string; now?: number } = {}
): Label {
  const sinceSeconds = Math.floor((now - Date.parse(asOf ?? provenance.receivedAt)) / 1000)
  const ageSeconds = Math.max(0, sinceSeconds, provenance.delayedBySeconds ?? 0)
  return { ...provenance, ...(asOf !== undefined && { asOf }), ageSeconds }
}

/** The label of what this server tells of itself, at an instant. */
export function ownLabel(at: string, now = Date.now()): Label {
  const ageSeconds = Math.max(0, Math.floor((now - Date.parse(at)) / 1000))
  return { source: 'quotewire', receivedAt: at, state: 'live', attempts: [], ageSeconds }
}
