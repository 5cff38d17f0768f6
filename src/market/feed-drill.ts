import { Type, type Static } from 'typebox'

const MAX_SECONDS = 120

/** A vendor's streams that are cut on purpose for a while, to see who takes over and how soon. */
export const FeedDrill = Type.Object(
  {
    feed: Type.String({
      pattern: '^[a-z][a-z0-9-]{0,31}$',
      description: 'The vendor, as values name their source',
      examples: ['massive', 'alpaca']
    }),
    how: Type.Enum(['down', 'mute'], {
      description: '`down`: its connections are cut and none can be made; `mute`: they stay, and bring nothing'
    }),
    seconds: Type.Integer({ minimum: 1, maximum: MAX_SECONDS, description: 'After these it ends by itself' })
  },
  { additionalProperties: false }
)
export type FeedDrill = Static<typeof FeedDrill>
