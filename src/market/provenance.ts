import { Type, type Static } from 'typebox'

/**
 * Which tape a price comes from. `consolidated`: all exchanges of the market; `iex`, `boats` (Blue Ocean): one venue;
 * `overnight`: the venues that trade at night; `opra`: all options exchanges; `indicative`: a vendor's estimate of those;
 * `otc`: unlisted shares; `composite`: a vendor's own blend, whose venues it does not name; `delayed`: a tape told late.
 */
export const Feed = Type.Enum([
  'consolidated',
  'iex',
  'delayed',
  'composite',
  'overnight',
  'boats',
  'otc',
  'indicative',
  'opra',
  'sandbox'
])
export type Feed = Static<typeof Feed>

/**
 * Whether to trust a value now: `live` and `delayed` as the vendor says, `closed` when its market has shut since, `stale`
 * when it outlived its freshness and no vendor could renew it, or the vendor's own price is older than any market rests,
 * `suspect` when a quality rule doubts it.
 */
export const ValueState = Type.Enum(['live', 'delayed', 'closed', 'stale', 'suspect'])
export type ValueState = Static<typeof ValueState>

/**
 * Why a provider did not give the value. `not_asked`: others do not have it, and it sells few calls and is spared, or its quota
 * is spent for long; the detail says which.
 */
export const AttemptOutcome = Type.Enum([
  'rate_limited',
  'budget_spent',
  'circuit_open',
  'unauthorized',
  'not_covered',
  'not_found',
  'not_asked',
  'unavailable',
  'bad_payload',
  'rejected_by_quality'
])
export type AttemptOutcome = Static<typeof AttemptOutcome>

export const Attempt = Type.Object({
  provider: Type.String(),
  outcome: AttemptOutcome,
  detail: Type.Optional(Type.String({ description: 'In words; never holds a key or a vendor body' })),
  durationMs: Type.Optional(Type.Number())
})
export type Attempt = Static<typeof Attempt>

/** Where a value comes from, how old it is and whether to trust it. Stands on every value that leaves the server. */
export const Provenance = Type.Object({
  source: Type.String({ description: 'The provider that gave the value', examples: ['yahoo'] }),
  feed: Feed,
  delivery: Type.Optional(
    Type.Literal('stream', { description: 'The provider sent it unasked; absent where it was asked for it' })
  ),
  receivedAt: Type.String({ format: 'date-time', description: 'When this server got it from the provider, UTC' }),
  delayedBySeconds: Type.Optional(Type.Integer({ minimum: 0 })),
  state: ValueState,
  attempts: Type.Array(Attempt, { description: 'Providers tried before, in order, and why each did not answer' }),
  notes: Type.Optional(Type.Array(Type.String(), { description: 'Conversions made and doubts, e.g. pence to pounds' }))
})
export type Provenance = Static<typeof Provenance>

const SOURCE_SEPARATOR = ', '
const WORST_LAST: readonly ValueState[] = ['closed', 'live', 'delayed', 'suspect', 'stale']

/**
 * Where a value that was made of several others comes from: as old as the oldest of them and trusted as the least
 * trusted; closed only where all are. `notes` say how it was made. At least one part is needed.
 */
export function combinedProvenance(parts: readonly Provenance[], notes: readonly string[] = []): Provenance {
  const [first, ...others] = parts
  if (!first) throw new RangeError('nothing has no provenance')
  const delays = parts.flatMap(({ delayedBySeconds }) => delayedBySeconds ?? [])
  return {
    // Of a part that was made of several itself, each is named once.
    source: [...new Set(parts.flatMap(({ source }) => source.split(SOURCE_SEPARATOR)))].join(SOURCE_SEPARATOR),
    feed: others.every(({ feed }) => feed === first.feed) ? first.feed : 'composite',
    receivedAt: parts.map(({ receivedAt }) => receivedAt).reduce((a, b) => (a < b ? a : b)),
    ...(delays.length > 0 && { delayedBySeconds: Math.max(...delays) }),
    state: WORST_LAST[Math.max(...parts.map(({ state }) => WORST_LAST.indexOf(state)))]!,
    attempts: [],
    ...(notes.length > 0 && { notes: [...notes] })
  }
}
