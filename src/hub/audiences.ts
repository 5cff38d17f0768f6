import { formatKey } from './format.ts'
import { Audience, type Format, type Member, type Topic } from './topic.ts'

/** Where every connection listens. Changing that touches only the topics that change. */
export class Audiences {
  readonly #byKey = new Map<string, Audience>()
  readonly #settle: (audience: Audience) => void

  /** `settle` delivers what waits in an audience: it belongs to those who are members now. */
  constructor(settle: (audience: Audience) => void) {
    this.#settle = settle
  }

  /** Lets a connection listen to exactly these topics (ascending by id); to none: it leaves. */
  move(member: Member, topics: readonly Topic[], format: Format): void {
    const current = member.audience
    if (current) this.#settle(current)
    if (topics.length === 0) return this.#leave(member)

    const key = keyOf(topics, format)
    const shared = this.#find(key, topics)
    if (shared && shared === current) return
    if (shared) {
      this.#settle(shared)
      this.#leave(member)
      this.#join(member, shared)
    } else if (current?.members.length === 1 && formatKey(current.format) === formatKey(format)) {
      this.#change(current, key, topics)
    } else {
      this.#leave(member)
      const own = new Audience(format)
      this.#change(own, key, topics)
      this.#join(member, own)
    }
  }

  #join(member: Member, audience: Audience): void {
    audience.members.push(member)
    member.audience = audience
  }

  #leave(member: Member): void {
    const audience = member.audience
    if (!audience) return
    member.audience = undefined
    swapOut(audience.members, member)
    if (audience.members.length === 0) this.#change(audience, '', [])
  }

  #find(key: string, topics: readonly Topic[]): Audience | undefined {
    const found = this.#byKey.get(key)
    const same = found?.topics.length === topics.length && found.topics.every((topic, at) => topic === topics[at])
    return same ? found : undefined
  }

  /** Two sets with the same key are rarer than rare; the second one is then not shared. */
  #change(audience: Audience, key: string, topics: readonly Topic[]): void {
    if (this.#byKey.get(audience.key) === audience) this.#byKey.delete(audience.key)
    const kept = new Set(topics)
    for (const topic of audience.topics) if (!kept.delete(topic)) unlink(topic, audience)
    for (const topic of kept) link(topic, audience)
    audience.topics = topics
    audience.key = key
    if (topics.length > 0 && !this.#byKey.has(key)) this.#byKey.set(key, audience)
  }
}

function keyOf(topics: readonly Topic[], format: Format): string {
  let sum = 0
  for (const { fingerprint } of topics) sum += fingerprint
  return `${formatKey(format)}:${topics.length}:${sum}`
}

const isConflated = (topic: Topic, { conflateMs }: Format): boolean => conflateMs > 0 && topic.isState

const encodingOf = ({ binary, changes }: Format): keyof Topic['wants'] =>
  binary ? 'binary' : changes ? 'changes' : 'text'

function link(topic: Topic, audience: Audience): void {
  if (isConflated(topic, audience.format)) return void topic.conflated.push(audience)
  topic.immediate.push(audience)
  topic.wants[encodingOf(audience.format)]++
}

function unlink(topic: Topic, audience: Audience): void {
  if (isConflated(topic, audience.format)) return swapOut(topic.conflated, audience)
  swapOut(topic.immediate, audience)
  topic.wants[encodingOf(audience.format)]--
}

function swapOut<T>(list: T[], item: T): void {
  const last = list.pop()!
  const at = last === item ? -1 : list.indexOf(item)
  if (at >= 0) list[at] = last
}
