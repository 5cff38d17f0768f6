import { Type, type Static } from 'typebox'

/** How much of one of a provider's limits is used. Resets at `resetsAt` (UTC). */
export const BudgetUse = Type.Object({
  unit: Type.Enum(['requests', 'symbols']),
  per: Type.Enum(['second', 'minute', 'hour', 'day', 'month']),
  limit: Type.Integer(),
  used: Type.Integer(),
  left: Type.Integer(),
  resetsAt: Type.String({ format: 'date-time' })
})
export type BudgetUse = Static<typeof BudgetUse>

export const BreakerState = Type.Enum(['closed', 'open', 'half_open'])
export type BreakerState = Static<typeof BreakerState>

/** What an operator sees of one provider: never its key. */
export const ProviderStatus = Type.Object(
  {
    name: Type.String(),
    enabled: Type.Boolean(),
    offBecause: Type.Optional(Type.String({ description: 'Why it is off, and which variable turns it on' })),
    plan: Type.String(),
    capabilities: Type.Array(Type.String()),
    quotesPerRequest: Type.Optional(Type.Integer({ description: 'Symbols that one request for quotes carries' })),
    budget: Type.Array(BudgetUse),
    closedUntil: Type.Optional(
      Type.String({ format: 'date-time', description: "A 429 of the vendor's own closed the budget until then" })
    ),
    breakers: Type.Record(Type.String(), BreakerState, { description: 'By capability; absent means never used' }),
    calls: Type.Record(Type.String(), Type.Integer(), { description: 'By outcome, in this process since its start' }),
    latencyMs: Type.Optional(Type.Object({ p50: Type.Number(), p99: Type.Number() })),
    lastSuccessAt: Type.Optional(Type.String({ format: 'date-time' })),
    lastFailure: Type.Optional(Type.Object({ at: Type.String({ format: 'date-time' }), outcome: Type.String() }))
  },
  { $id: 'ProviderStatus' }
)
export type ProviderStatus = Static<typeof ProviderStatus>
