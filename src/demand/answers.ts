import type { Redis } from 'ioredis'
import type { Logger } from 'pino'
import { Type, type Static } from 'typebox'
import { Compile } from 'typebox/compile'
import type { TopicName } from '../market/event.ts'
import { Feed } from '../market/provenance.ts'
import { RowReader, readRows, type RowChange } from './row-reader.ts'
import { streamOf } from './want.ts'

/**
 * What a carrier says of a topic that is wanted. `carried`: it brings each event, from an instant on (epoch milliseconds).
 * `polled`: it asks the vendors again and again. `refused`: it could, and does not; `reason` is stable, lower_snake.
 * `deciding`: it brings such topics, and will say of each that is wanted whether it brings this one. `by`: the vendor whose
 * stream it is.
 */
export const CarrierAnswer = Type.Union([
  Type.Object({
    state: Type.Literal('carried'),
    source: Type.String(),
    feed: Feed,
    since: Type.Integer(),
    by: Type.Optional(Type.String())
  }),
  Type.Object({ state: Type.Literal('polled') }),
  Type.Object({ state: Type.Literal('refused'), reason: Type.String(), by: Type.Optional(Type.String()) }),
  Type.Object({ state: Type.Literal('deciding') })
])
export type CarrierAnswer = Readonly<Static<typeof CarrierAnswer>>
const answerCheck = Compile(CarrierAnswer)

/** Said of all topics of a stream of which the same carrier says nothing else. */
export const everyTopicOf = (stream: string): TopicName => `${stream}:*`

/** Who brings a topic now, by all that the carriers say together. */
export type Served =
  | { readonly by: 'stream'; readonly source: string; readonly feed: Feed; readonly since: number }
  | { readonly by: 'polling' | 'nobody'; readonly reason?: string }

export type ServedChange = {
  /** Topics of which carriers said something. */
  readonly topics: ReadonlySet<TopicName>
  /** Streams whose topics, unless a stream carries them, are served otherwise now. */
  readonly streams: ReadonlySet<string>
}

export type AnswersOptions = {
  readonly redis: Redis
  readonly log: Pick<Logger, 'warn'>
  readonly onChange: (change: ServedChange) => void
  /** Of these topics a carrier says something else, whether or not somebody else serves them now. */
  readonly onSaid?: (topics: Iterable<TopicName>) => void
}

/** What the carriers of all processes say, followed. A carrier that dies takes its answers along. */
export class Answers {
  readonly #reader: RowReader
  readonly #onChange: (change: ServedChange) => void
  readonly #onSaid: AnswersOptions['onSaid']
  /** By topic and carrier. */
  readonly #said = new Map<TopicName, Map<string, CarrierAnswer>>()

  constructor({ redis, log, onChange, onSaid }: AnswersOptions) {
    this.#onChange = onChange
    this.#onSaid = onSaid
    this.#reader = new RowReader({ redis, log, table: 'answers', onChanges: (changes) => this.#take(changes) })
  }

  /** Rejects while Redis is away; then it may be started again. */
  start(): Promise<void> {
    return this.#reader.start()
  }

  served(topic: TopicName): Served {
    return servedBy(this.#answersTo(topic))
  }

  /** What each carrier says of a topic by itself. */
  said(topic: TopicName): Iterable<CarrierAnswer> {
    return this.#said.get(topic)?.values() ?? []
  }

  /** Waits until every carrier that may bring one of the topics said whether it does; false where that takes too long. */
  decided(topics: readonly TopicName[], timeoutMs: number): Promise<boolean> {
    let open = topics
    const isDone = () => (open = open.filter((topic) => !isDecided(this.#answersTo(topic)))).length === 0
    return this.#reader.until(isDone, timeoutMs)
  }

  close(): Promise<void> {
    return this.#reader.close()
  }

  #answersTo(topic: TopicName): CarrierAnswer[] {
    const own = this.#said.get(topic)
    const general = this.#said.get(everyTopicOf(streamOf(topic)))
    if (!general) return own ? [...own.values()] : []
    return [...new Map([...general, ...(own ?? [])]).values()]
  }

  #take(changes: readonly RowChange[]): void {
    const before = new Map<TopicName, Served>()
    for (const { holder, field: topic, now } of changes) {
      if (!before.has(topic)) before.set(topic, this.served(topic))
      this.#note(topic, holder, now === undefined ? undefined : answerIn(now))
    }
    this.#onSaid?.(before.keys())
    const changed = [...before].filter(([topic, served]) => !isSame(served, this.served(topic))).map(([topic]) => topic)
    const streams = changed.filter((topic) => topic === everyTopicOf(streamOf(topic)))
    if (changed.length === 0) return
    this.#onChange({ topics: new Set(changed), streams: new Set(streams.map(streamOf)) })
  }

  #note(topic: TopicName, carrier: string, answer: CarrierAnswer | undefined): void {
    const said = this.#said.get(topic) ?? new Map<string, CarrierAnswer>()
    if (answer) said.set(carrier, answer)
    else said.delete(carrier)
    if (said.size > 0) this.#said.set(topic, said)
    else this.#said.delete(topic)
  }
}

/** The topics that a stream carries now. Rejects while Redis is away. */
export async function carriedTopics(redis: Redis): Promise<Set<TopicName>> {
  const carried = new Set<TopicName>()
  await readRows(redis, 'answers', (topic, value) => {
    if (answerIn(value)?.state === 'carried') carried.add(topic)
  })
  return carried
}

function servedBy(answers: readonly CarrierAnswer[]): Served {
  const carried = answers.find(({ state }) => state === 'carried')
  if (carried?.state === 'carried') {
    const { source, feed, since } = carried
    return { by: 'stream', source, feed, since }
  }
  const refused = answers.find(({ state }) => state === 'refused')
  const reason = refused?.state === 'refused' && { reason: refused.reason }
  return { by: answers.some(({ state }) => state === 'polled') ? 'polling' : 'nobody', ...reason }
}

function isDecided(answers: readonly CarrierAnswer[]): boolean {
  return answers.some(({ state }) => state === 'carried') || !answers.some(({ state }) => state === 'deciding')
}

/** Undefined for what only a later release, or nobody, can read. */
function answerIn(value: string): CarrierAnswer | undefined {
  try {
    const answer: unknown = JSON.parse(value)
    return answerCheck.Check(answer) ? answer : undefined
  } catch {
    return undefined
  }
}

const isSame = (a: Served, b: Served): boolean => JSON.stringify(a) === JSON.stringify(b)
