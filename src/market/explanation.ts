import { Type, type Static } from 'typebox'
import { AttemptOutcome } from './provenance.ts'
import { Quote } from './quote.ts'

/** One provider's part in an explanation: asked or skipped, why, how long it took and what it said. */
export const ExplainedProvider = Type.Object({
  provider: Type.String(),
  asked: Type.Boolean(),
  outcome: Type.Union([Type.Literal('answered'), Type.Literal('off'), AttemptOutcome]),
  detail: Type.Optional(Type.String()),
  durationMs: Type.Optional(Type.Number()),
  quote: Type.Optional(Quote),
  doubts: Type.Optional(Type.Array(Type.String(), { description: 'Quality rules the quote broke' })),
  divergencePercent: Type.Optional(Type.Number({ description: "Of its price from the chosen value's" }))
})
export type ExplainedProvider = Static<typeof ExplainedProvider>

/** What every provider said at an instant. */
export type AskedProviders = { readonly askedAt: string; readonly providers: ExplainedProvider[] }

export const ExplainedTier = Type.Object({
  tier: Type.Enum(['memory', 'redis', 'postgres']),
  state: Type.Enum(['fresh', 'stale', 'absent', 'unreachable']),
  ageSeconds: Type.Optional(Type.Number()),
  source: Type.Optional(Type.String())
})
export type ExplainedTier = Static<typeof ExplainedTier>

/** Why the quote of a symbol is what it is now. */
export const Explanation = Type.Object(
  {
    symbol: Type.String(),
    chosen: Type.Optional(Quote),
    chosenBecause: Type.String(),
    cache: Type.Array(ExplainedTier),
    askedAt: Type.String({ format: 'date-time', description: 'When the providers were asked; kept for a minute' }),
    providers: Type.Array(ExplainedProvider)
  },
  { $id: 'Explanation' }
)
export type Explanation = Static<typeof Explanation>
