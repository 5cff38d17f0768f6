import type { Bar } from './bar.ts'
import { toneOf } from './news-tone.ts'
import type { NewsItem } from './news.ts'
import type { OptionContract } from './option-chain.ts'
import { combinedProvenance, type Provenance } from './provenance.ts'
import type { Quote } from './quote.ts'
import type {
  MissingComponent,
  Sentiment,
  SentimentComponent,
  SentimentComponentName,
  SentimentLabel
} from './sentiment.ts'
import { DAY_MS, isoOf } from './time.ts'

/** Shares of the composite where every component is there; docs/sentiment.md tells why. */
export const SENTIMENT_WEIGHTS: Readonly<Record<SentimentComponentName, number>> = {
  momentum: 0.25,
  volatility: 0.2,
  breadth: 0.2,
  'news-tone': 0.15,
  'highs-lows': 0.1,
  'put-call': 0.1
}

/** Less than this share of the weights is a guess, not a composite. */
const MIN_WEIGHT = 0.5
/** The longest weekend, with a holiday on both of its sides. */
const MAX_INPUT_AGE_MS = 5 * DAY_MS

const MEAN_SESSIONS = 125
/** An index this far from its mean, in percent, is as far as it gets in an ordinary year. */
const FAR_FROM_MEAN_PERCENT = 10
const [CALM_VOLATILITY, WILD_VOLATILITY] = [10, 40]
const MIN_RANKED_SESSIONS = 100
const MIN_QUOTES = 20
const [FEW_ADVANCERS, MANY_ADVANCERS] = [0.2, 0.8]
/** Where fewer shares than this stand at an extreme, even all of one kind are no full score. */
const NOTABLE_EXTREMES = 0.05
const [LOW_PUT_CALL, HIGH_PUT_CALL] = [0.5, 1.5]
/** Far more trade in any hour of a session: less is a broken chain. */
const MIN_CONTRACTS = 500
const MIN_STORIES = 5
const STORY_AGE_MS = 3 * DAY_MS
/** A story counts half after this time. */
const STORY_HALF_LIFE_MS = DAY_MS
/** Most stories say little: a mean tone of a half is as loud as news gets. */
const LOUD_TONE = 0.5

/** A component as its inputs make it, before it is weighed. */
export type Reading = Pick<SentimentComponent, 'score' | 'inputs' | 'asOf' | 'provenance'>

/** A component cannot be told. The message says why, for the answer. */
export class NoReading extends Error {}

/** Indices against the mean of their own last sessions. Bars are daily, oldest first. */
export function momentumOf(
  indices: readonly { quote: Quote; bars: readonly Bar[]; provenance: Provenance }[]
): Reading {
  const known = indices.filter(({ bars }) => bars.length >= MEAN_SESSIONS)
  if (known.length === 0) throw new NoReading(`no index has ${MEAN_SESSIONS} daily bars`)
  const distances = known.map(({ quote, bars }) => {
    const mean = meanOf(bars.slice(-MEAN_SESSIONS).map(({ close }) => close))
    return [quote.symbol, (quote.price / mean - 1) * 100] as const
  })
  return {
    score: scaled(meanOf(distances.map(([, percent]) => percent)), -FAR_FROM_MEAN_PERCENT, FAR_FROM_MEAN_PERCENT),
    inputs: {
      sessions: MEAN_SESSIONS,
      ...Object.fromEntries(distances.map(([symbol, percent]) => [`${symbol} abovePercent`, round(percent)]))
    },
    ...sourcesOf(
      known.map(({ quote }) => quote),
      known.map(({ provenance }) => provenance)
    )
  }
}

/** The volatility index: how high it is, and how much of its last year it was lower. The bars may be none. */
export function volatilityOf(quote: Quote, year: { bars: readonly Bar[]; provenance: Provenance }): Reading {
  const level = scaled(quote.price, WILD_VOLATILITY, CALM_VOLATILITY)
  const { bars, provenance } = year
  if (bars.length < MIN_RANKED_SESSIONS) {
    return { score: level, inputs: { level: quote.price }, ...sourcesOf([quote]) }
  }
  const lower = bars.filter(({ close }) => close < quote.price).length / bars.length
  return {
    score: meanOf([level, (1 - lower) * 100]),
    inputs: { level: quote.price, rankPercent: round(lower * 100), sessions: bars.length },
    ...sourcesOf([quote], [provenance])
  }
}

/** Shares that rose against those that fell; of sectors where too few shares are known. */
export function breadthOf(shares: readonly Quote[], sectors: SectorChanges | undefined): Reading {
  const changed = shares.filter(({ changePercent }) => changePercent !== undefined)
  if (changed.length >= MIN_QUOTES) {
    const { advancers, decliners } = counted(changed.map(({ changePercent }) => changePercent!))
    return {
      score: breadthScore(advancers, decliners),
      inputs: {
        of: 'US listings with a known quote',
        advancers,
        decliners,
        unchanged: changed.length - advancers - decliners
      },
      ...sourcesOf(changed)
    }
  }
  if (!sectors) throw new NoReading(`${changed.length} US listings have a known quote, ${MIN_QUOTES} are needed`)
  const { advancers, decliners } = counted(sectors.changes)
  return {
    score: breadthScore(advancers, decliners),
    inputs: { of: 'sectors', advancers, decliners, knownListings: changed.length },
    asOf: sectors.asOf,
    provenance: combinedProvenance([sectors.provenance])
  }
}

export type SectorChanges = {
  readonly changes: readonly number[]
  readonly asOf: string
  readonly provenance: Provenance
}

/** Shares at the highest against those at the lowest price of 52 weeks. */
export function highsLowsOf(shares: readonly Quote[]): Reading {
  const ranged = shares.filter(({ yearHigh, yearLow }) => yearHigh !== undefined && yearLow !== undefined)
  if (ranged.length < MIN_QUOTES) {
    throw new NoReading(`${ranged.length} US listings have a known 52-week range, ${MIN_QUOTES} are needed`)
  }
  const highs = ranged.filter(({ price, dayHigh = price, yearHigh }) => dayHigh >= yearHigh!).length
  const lows = ranged.filter(({ price, dayLow = price, yearLow }) => dayLow <= yearLow!).length
  const net = (highs - lows) / Math.max(highs + lows, ranged.length * NOTABLE_EXTREMES)
  return { score: scaled(net, -1, 1), inputs: { highs, lows, listings: ranged.length }, ...sourcesOf(ranged) }
}

/** Puts traded for each call: those who fear buy puts. */
export function putCallOf(contracts: readonly OptionContract[], asOf: string, provenance: Provenance): Reading {
  const traded = (side: OptionContract['side']) =>
    contracts.reduce((sum, { side: its, volume = 0 }) => sum + (its === side ? volume : 0), 0)
  const [puts, calls] = [traded('put'), traded('call')]
  if (calls === 0 || puts + calls < MIN_CONTRACTS) {
    throw new NoReading(`${puts + calls} contracts traded, ${MIN_CONTRACTS} are needed`)
  }
  const ratio = puts / calls
  return {
    score: scaled(ratio, HIGH_PUT_CALL, LOW_PUT_CALL),
    inputs: { ratio: round(ratio), putVolume: puts, callVolume: calls },
    asOf,
    provenance
  }
}

/** The tone of the newest stories, newer ones counting more: the vendor's score where it gives one, else ours. */
export function newsToneOf(stories: readonly NewsItem[], provenance: Provenance, now: number): Reading {
  const recent = stories.filter(({ publishedAt }) => now - Date.parse(publishedAt) <= STORY_AGE_MS)
  if (recent.length < MIN_STORIES) {
    throw new NoReading(`${recent.length} stories of the last three days, ${MIN_STORIES} are needed`)
  }
  const weighed = recent.map(({ title, sentiment, publishedAt }) => {
    const weight = 0.5 ** (Math.max(0, now - Date.parse(publishedAt)) / STORY_HALF_LIFE_MS)
    return { weight, tone: (sentiment ?? toneOf(title)) * weight }
  })
  const tone = sumOf(weighed.map((each) => each.tone)) / sumOf(weighed.map(({ weight }) => weight))
  return {
    score: scaled(tone, -LOUD_TONE, LOUD_TONE),
    inputs: {
      meanTone: round(tone),
      stories: recent.length,
      scoredByVendor: recent.filter(({ sentiment }) => sentiment !== undefined).length
    },
    asOf: newest(recent.map(({ publishedAt }) => publishedAt)),
    provenance
  }
}

/**
 * Weighs the readings: the weights of missing ones go to the others in proportion. Where fewer than half of the weights
 * have data there is no score and no label, and a note says so; undefined where none has. `now` in epoch milliseconds.
 */
export function compositeOf(
  readings: Readonly<Record<SentimentComponentName, Reading | NoReading>>,
  now: number
): { sentiment: Sentiment | undefined; missing: MissingComponent[] } {
  const missing: MissingComponent[] = []
  const told: (Omit<SentimentComponent, 'weight'> & { nominalWeight: number })[] = []
  for (const name of Object.keys(SENTIMENT_WEIGHTS) as SentimentComponentName[]) {
    const [reading, nominalWeight] = [readings[name], SENTIMENT_WEIGHTS[name]]
    const ageMs = reading instanceof NoReading ? 0 : Math.max(0, now - Date.parse(reading.asOf))
    if (reading instanceof NoReading) missing.push({ name, nominalWeight, reason: reading.message })
    else if (ageMs > MAX_INPUT_AGE_MS)
      missing.push({ name, nominalWeight, reason: `nothing newer than ${reading.asOf}` })
    else
      told.push({ name, nominalWeight, ...reading, score: round(reading.score), ageSeconds: Math.floor(ageMs / 1000) })
  }
  const knownWeight = round(sumOf(told.map(({ nominalWeight }) => nominalWeight)))
  if (told.length === 0) return { sentiment: undefined, missing }

  const components = told.map(({ nominalWeight, ...component }) => ({
    ...component,
    weight: nominalWeight / knownWeight
  }))
  const provenance = combinedProvenance(
    components.map((component) => component.provenance),
    ['weighted mean of the components']
  )
  const known = { knownWeight, asOf: isoOf(now), components, missing, provenance }
  if (knownWeight < MIN_WEIGHT) return { sentiment: { note: tooLittle(knownWeight), ...known }, missing }
  const score = round(sumOf(components.map((component) => component.score * component.weight)))
  return { sentiment: { score, label: labelOf(score), ...known }, missing }
}

function tooLittle(knownWeight: number): string {
  return `Too little is known: ${Math.round(knownWeight * 100)} % of the weights have data, ${MIN_WEIGHT * 100} % are needed`
}

function labelOf(score: number): SentimentLabel {
  if (score < 25) return 'extreme fear'
  if (score < 45) return 'fear'
  if (score <= 55) return 'neutral'
  return score <= 75 ? 'greed' : 'extreme greed'
}

function breadthScore(advancers: number, decliners: number): number {
  return advancers + decliners === 0 ? 50 : scaled(advancers / (advancers + decliners), FEW_ADVANCERS, MANY_ADVANCERS)
}

function counted(changes: readonly number[]) {
  return {
    advancers: changes.filter((change) => change > 0).length,
    decliners: changes.filter((change) => change < 0).length
  }
}

function sourcesOf(quotes: readonly Quote[], others: readonly Provenance[] = []): Pick<Reading, 'asOf' | 'provenance'> {
  const provenance = combinedProvenance([...quotes.map((quote) => quote.provenance), ...others])
  return { asOf: newest(quotes.map(({ asOf }) => asOf)), provenance }
}

/** 0 at `zero` and below, 100 at `full` and above, a straight line between; `zero` may be the larger one. */
function scaled(value: number, zero: number, full: number): number {
  return Math.min(100, Math.max(0, ((value - zero) / (full - zero)) * 100))
}

const sumOf = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0)
const meanOf = (values: readonly number[]) => sumOf(values) / values.length
const newest = (instants: readonly string[]) => instants.reduce((a, b) => (Date.parse(a) >= Date.parse(b) ? a : b))
const round = (value: number) => Math.round(value * 100) / 100
