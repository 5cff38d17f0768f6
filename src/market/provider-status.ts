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

/**
 * Whether a provider answers. `unknown`: it was not called yet. `resting`: it is not asked for now, by its own word or after
 * failures of one kind of call. `failing`: its last calls failed; it is so until it answers again.
 */
export const Answering = Type.Enum(['off', 'unknown', 'up', 'resting', 'failing'])

/** What an operator sees of one provider: never its key. */
export const ProviderStatus = Type.Object(
  {
    name: Type.String(),
    enabled: Type.Boolean(),
    offBecause: Type.Optional(Type.String({ description: 'Why it is off, and which variable turns it on' })),
    status: Answering,
    statusBecause: Type.Optional(Type.String()),
    failingSince: Type.Optional(
      Type.String({ format: 'date-time', description: 'Of the first failure since its last answer, in any process' })
    ),
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
    lastSuccessAt: Type.Optional(Type.String({ format: 'date-time', description: 'In any process' })),
    lastFailure: Type.Optional(Type.Object({ at: Type.String({ format: 'date-time' }), outcome: Type.String() }))
  },
  { $id: 'ProviderStatus' }
)
export type ProviderStatus = Static<typeof ProviderStatus>
