import { Type, type Static } from 'typebox'
import { Provenance } from './provenance.ts'

export const SentimentLabel = Type.Enum(['extreme fear', 'fear', 'neutral', 'greed', 'extreme greed'])
export type SentimentLabel = Static<typeof SentimentLabel>

export const SentimentComponentName = Type.Enum([
  'momentum',
  'volatility',
  'breadth',
  'news-tone',
  'highs-lows',
  'put-call'
])
export type SentimentComponentName = Static<typeof SentimentComponentName>

const Score = Type.Number({ minimum: 0, maximum: 100, description: '0 is fear, 50 neutral, 100 greed' })

/** One view of the market's mood, with all that it was made of. */
export const SentimentComponent = Type.Object({
  name: SentimentComponentName,
  score: Score,
  weight: Type.Number({ description: 'Its share of the composite; the weights of the components add up to 1' }),
  inputs: Type.Record(Type.String(), Type.Union([Type.Number(), Type.String()]), {
    description: 'The figures that the score follows from'
  }),
  asOf: Type.String({ format: 'date-time', description: 'Instant of its newest input, UTC' }),
  ageSeconds: Type.Integer({ minimum: 0, description: 'How old that input was when the composite was made' }),
  provenance: Provenance
})
export type SentimentComponent = Static<typeof SentimentComponent>

/** A component that could not be told, and why; its weight went to the others in proportion. */
export const MissingComponent = Type.Object({
  name: SentimentComponentName,
  nominalWeight: Type.Number({ description: 'Its share where all components are there' }),
  reason: Type.String()
})
export type MissingComponent = Static<typeof MissingComponent>

/** The market's mood as one number, and everything it follows from. How it is made: docs/sentiment.md. */
export const Sentiment = Type.Object(
  {
    score: Type.Optional(Score),
    label: Type.Optional(SentimentLabel),
    knownWeight: Type.Number({
      minimum: 0,
      maximum: 1,
      description: 'The nominal weights of the components that are there, added up'
    }),
    note: Type.Optional(
      Type.String({ description: 'That too little is known, where it is: then there is no score and no label' })
    ),
    asOf: Type.String({ format: 'date-time', description: 'When the composite was made, UTC' }),
    components: Type.Array(SentimentComponent),
    missing: Type.Array(MissingComponent),
    provenance: Provenance
  },
  { $id: 'Sentiment' }
)
export type Sentiment = Static<typeof Sentiment>

/** One of which enough is known. */
export type ScoredSentiment = Sentiment & Required<Pick<Sentiment, 'score' | 'label'>>

export const isScored = (sentiment: Sentiment): sentiment is ScoredSentiment =>
  sentiment.score !== undefined && sentiment.label !== undefined
