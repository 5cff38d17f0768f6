import { formatKey } from './format.ts'
import { Audience, type Format, type Member, type Topic } from './topic.ts'

/** Who listens to more topics has them for itself: comparing and copying larger sets would cost more than it saves. */
const MAX_SHARED_TOPICS = 2000

/** Where every connection listens. Changing that touches only the topics that change. */
export class Audiences {
  readonly #byKey = new Map<string, Audience>()
  readonly #settle: (audience: Audience) => void

  /** `settle` delivers what waits in an audience: it belongs to those who are members now. */
  constructor(settle: (audience: Audience) => void) {
    this.#settle = settle
  }

  /** Lets a connection listen to more topics, in a format; it must not listen to any in another one. */
  add(member: Member, topics: readonly Topic[], format: Format): void {
    const current = member.audience?.topics
    const added = current ? topics.filter((topic) => !current.has(topic)) : topics
    if (added.length > 0) this.#move(member, added, NONE, format)
  }

  remove(member: Member, topics: readonly Topic[]): void {
    const { audience } = member
    if (!audience) return
    const removed = topics.filter((topic) => audience.topics.has(topic))
    if (removed.length > 0) this.#move(member, [], new Set(removed), audience.format)
  }

  /** Lets a connection have what it listens to in another format. */
  reformat(member: Member, format: Format): void {
    const { audience } = member
    if (audience && formatKey(audience.format) !== formatKey(format)) this.#move(member, [], NONE, format)
  }

  #move(member: Member, added: readonly Topic[], removed: ReadonlySet<Topic>, format: Format): void {
    const current = member.audience
    if (current) this.#settle(current)
    const size = (current?.topics.size ?? 0) + added.length - removed.size
    if (size === 0) return this.#leave(member)

    const key = keyOf(format, size, fingerprintOf(current, added, removed))
    const shared = this.#byKey.get(key)
    if (shared && holdsAll(shared, current, added, removed)) {
      this.#settle(shared)
      this.#leave(member)
      this.#join(member, shared)
    } else if (current?.members.size === 1 && formatKey(current.format) === formatKey(format)) {
      this.#change(current, added, removed)
    } else {
      const own = new Audience(format)
      const kept = (current?.topics.items ?? []).filter((topic) => !removed.has(topic))
      this.#change(own, [...kept, ...added], NONE)
      this.#leave(member)
      this.#join(member, own)
    }
  }

  #join(member: Member, audience: Audience): void {
    audience.members.add(member)
    member.audience = audience
  }

  #leave(member: Member): void {
    const { audience } = member
    if (!audience) return
    member.audience = undefined
    audience.members.delete(member)
    if (audience.members.size === 0) this.#change(audience, [], new Set(audience.topics.items))
  }

  /** Two sets with the same key are rarer than rare; the second one is then not shared. */
  #change(audience: Audience, added: readonly Topic[], removed: ReadonlySet<Topic>): void {
    if (this.#byKey.get(audience.key) === audience) this.#byKey.delete(audience.key)
    const fingerprint = fingerprintOf(audience, added, removed)
    for (const topic of removed) {
      audience.topics.delete(topic)
      unlink(topic, audience)
    }
    audience.topics.addAll(added)
    for (const topic of added) link(topic, audience)
    const { size } = audience.topics
    audience.fingerprint = fingerprint
    audience.key = keyOf(audience.format, size, fingerprint)
    if (size > 0 && size <= MAX_SHARED_TOPICS && !this.#byKey.has(audience.key)) {
      this.#byKey.set(audience.key, audience)
    }
  }
}

const NONE: ReadonlySet<Topic> = new Set()

/** Of a set of topics: what each of them has drawn, joined so that topics can be taken in and out. */
function fingerprintOf(
  audience: Audience | undefined,
  added: readonly Topic[],
  removed: ReadonlySet<Topic>
): readonly [number, number] {
  let [high, low] = audience?.fingerprint ?? [0, 0]
  for (const changed of [added, removed]) {
    for (const { fingerprint } of changed) {
      high ^= fingerprint[0]
      low ^= fingerprint[1]
    }
  }
  return [high, low]
}

const keyOf = (format: Format, size: number, [high, low]: readonly [number, number]): string =>
  `${formatKey(format)}:${size}:${high}:${low}`

/** Whether an audience of as many topics has those of a change's outcome. */
function holdsAll(
  { topics }: Audience,
  current: Audience | undefined,
  added: readonly Topic[],
  removed: ReadonlySet<Topic>
): boolean {
  for (const topic of current?.topics.items ?? []) if (!topics.has(topic) && !removed.has(topic)) return false
  return added.every((topic) => topics.has(topic))
}

const isConflated = (topic: Topic, { conflateMs }: Format): boolean => conflateMs > 0 && topic.isState

const encodingOf = ({ binary, changes }: Format): keyof Topic['wants'] =>
  binary ? 'binary' : changes ? 'changes' : 'text'

function link(topic: Topic, audience: Audience): void {
  if (isConflated(topic, audience.format)) return topic.conflated.add(audience)
  topic.immediate.add(audience)
  topic.wants[encodingOf(audience.format)]++
}

function unlink(topic: Topic, audience: Audience): void {
  if (isConflated(topic, audience.format)) return topic.conflated.delete(audience)
  topic.immediate.delete(audience)
  topic.wants[encodingOf(audience.format)]--
}
