import { randomUUID } from 'node:crypto'
import { streamOf, symbolOf } from '../../demand/want.ts'
import type { TopicName } from '../../market/event.ts'
import type { Conversation, Reaction, Signal } from '../feed.ts'
import type { Frame } from '../mapper.ts'
import type { InstrumentKeys } from './keys.ts'
import type { UpstoxControl } from './mapper.ts'
import { MODES, type ModeChoice, type UpstoxMode } from './modes.ts'
import { NOT_ANSWERED, NOT_IN_MODE } from './problems.ts'

/** The vendor names no bound; it is asked in parts. */
const MAX_KEYS_PER_REQUEST = 500
const MAX_QUOTED_LENGTH = 60

const NOTHING: Reaction = { send: [], signals: [] }

type Subscription = {
  readonly topics: Set<TopicName>
  /** Asked for. */
  mode: UpstoxMode
  /** As the vendor told it last; undefined before it told anything. */
  told: number | undefined
  /** Whether it told anything since it was asked for another mode. */
  isAnswered: boolean
}

export type ConversationOptions = {
  readonly modes: ModeChoice
  readonly keys: InstrumentKeys
  /** What the connection is no longer told of. */
  readonly left: (keys: readonly string[]) => void
}

/**
 * The vendor acknowledges nothing and refuses nothing: that it tells of an instrument, in the mode that was asked for, is
 * all that says that it heard. Of what it does not know, and of what is over its caps, it tells nothing.
 */
export class UpstoxConversation implements Conversation {
  readonly #options: ConversationOptions
  /** By instrument key. */
  readonly #subscriptions = new Map<string, Subscription>()
  /** As they were asked for: the vendor may call an instrument otherwise from another day on. */
  readonly #keyOfTopic = new Map<TopicName, string>()
  /** Keys that the vendor has not told in the mode that was asked for. */
  readonly #open = new Set<string>()
  #segments: ReadonlyMap<string, string> = new Map()
  /** Whether what is carried is something else since that was told last, without a word of the vendor. */
  #hasChanged = false

  constructor(options: ConversationOptions) {
    this.#options = options
  }

  /** The address was good for one user. */
  opened(): Reaction {
    return { send: [], signals: [{ is: 'authenticated' }] }
  }

  told(message: unknown): Reaction {
    const control = message as UpstoxControl
    return control.is === 'feeds' ? this.#toldFeeds(control.modes) : this.#toldMarket(control.segments)
  }

  subscribe(topics: readonly TopicName[]): readonly Frame[] {
    const asked = new Map<string, readonly [UpstoxMode, 'sub' | 'change_mode']>()
    for (const topic of topics) {
      const key = this.#options.keys.keyOf(symbolOf(topic))
      if (key === undefined) continue
      const held = this.#subscriptions.get(key)
      const subscription = held ?? {
        topics: new Set(),
        mode: this.#modeOf([topic]),
        told: undefined,
        isAnswered: false
      }
      subscription.topics.add(topic)
      this.#keyOfTopic.set(topic, key)
      const mode = this.#modeOf(subscription.topics)
      if (!held) this.#subscriptions.set(key, subscription)
      if (!held || asked.get(key)?.[1] === 'sub') asked.set(key, [mode, 'sub'])
      else if (mode !== subscription.mode) asked.set(key, [mode, 'change_mode'])
      this.#ask(key, subscription, mode)
    }
    return requests(asked)
  }

  unsubscribe(topics: readonly TopicName[]): readonly Frame[] {
    const changed = new Map<string, readonly [UpstoxMode, 'change_mode']>()
    const left: string[] = []
    for (const topic of topics) {
      const key = this.#keyOfTopic.get(topic)
      const subscription = key === undefined ? undefined : this.#subscriptions.get(key)
      this.#keyOfTopic.delete(topic)
      if (key === undefined || !subscription?.topics.delete(topic)) continue
      this.#hasChanged = true
      if (subscription.topics.size === 0) {
        left.push(key)
        changed.delete(key)
        continue
      }
      const mode = this.#modeOf(subscription.topics)
      if (mode !== subscription.mode) changed.set(key, [mode, 'change_mode'])
      this.#ask(key, subscription, mode)
    }
    return [...this.#giveUp(left), ...requests(changed)]
  }

  /** The connection keeps the token whose address it was made with. */
  renewed(): undefined {
    return undefined
  }

  /** Silence is the answer. */
  overdue(): Reaction {
    const signals: Signal[] = []
    const unknown: string[] = []
    for (const key of this.#open) {
      const subscription = this.#subscriptions.get(key)!
      const { topics, mode, isAnswered } = subscription
      // It was silent for it had nothing new to tell.
      if (subscription.told !== undefined && !isAnswered) subscription.told = MODES[mode].requestMode
      const { told } = subscription
      if (told === undefined) {
        unknown.push(key)
        signals.push({ is: 'refused', topics: [...topics], ...NOT_ANSWERED })
        continue
      }
      const bookless = [...topics].filter((topic) => isOfBook(topic) && !hasBook(told))
      for (const topic of bookless) topics.delete(topic)
      if (bookless.length > 0) signals.push({ is: 'refused', topics: bookless, ...NOT_IN_MODE })
    }
    const send = this.#giveUp(unknown)
    this.#open.clear()
    return { send, signals: [...signals, this.#carrying()] }
  }

  #toldFeeds(modes: ReadonlyMap<string, number>): Reaction {
    if (this.#open.size === 0 && !this.#hasChanged) return NOTHING
    let hasNews = this.#hasChanged
    for (const [key, mode] of modes) {
      const subscription = this.#open.has(key) ? this.#subscriptions.get(key) : undefined
      if (!subscription) continue
      const isAsAsked = mode === MODES[subscription.mode].requestMode
      hasNews ||= isAsAsked || subscription.told !== mode
      subscription.told = mode
      subscription.isAnswered = true
      if (isAsAsked) this.#open.delete(key)
    }
    return hasNews ? { send: [], signals: [this.#carrying()] } : NOTHING
  }

  /** Told at the beginning, and whenever a segment opens or closes. */
  #toldMarket(segments: ReadonlyMap<string, string>): Reaction {
    const before = this.#segments
    this.#segments = new Map([...before, ...segments])
    const changed = [...segments].filter(([segment, status]) => before.size > 0 && before.get(segment) !== status)
    const text = changed.map(([segment, status]) => `${segment} ${status}`.slice(0, MAX_QUOTED_LENGTH)).join(', ')
    return text === '' ? NOTHING : { send: [], signals: [{ is: 'notice', text: `the vendor says: ${text}` }] }
  }

  #modeOf(topics: Iterable<TopicName>): UpstoxMode {
    const { modes } = this.#options
    return [...topics].some(isOfBook) ? modes[0] : (modes[1] ?? modes[0])
  }

  #ask(key: string, subscription: Subscription, mode: UpstoxMode): void {
    if (mode !== subscription.mode) subscription.isAnswered = false
    subscription.mode = mode
    if (subscription.told === MODES[mode].requestMode) this.#hasChanged = true
    else this.#open.add(key)
  }

  #giveUp(keys: readonly string[]): Frame[] {
    for (const key of keys) {
      this.#subscriptions.delete(key)
      this.#open.delete(key)
    }
    this.#options.left(keys)
    return inParts(keys).map((instrumentKeys) => encoded('unsub', { instrumentKeys }))
  }

  #carrying(): Signal {
    this.#hasChanged = false
    const topics = new Set<TopicName>()
    for (const subscription of this.#subscriptions.values()) {
      const { told } = subscription
      if (told === undefined) continue
      for (const topic of subscription.topics) if (!isOfBook(topic) || hasBook(told)) topics.add(topic)
    }
    return { is: 'carrying', topics }
  }
}

const isOfBook = (topic: TopicName): boolean => streamOf(topic) === 'bbo'

const hasBook = (mode: number): boolean =>
  Object.values(MODES).some(({ requestMode, hasBook }) => requestMode === mode && hasBook)

type Asked = ReadonlyMap<string, readonly [UpstoxMode, 'sub' | 'change_mode']>

/** One request for each mode and kind, or several where it is of many keys. */
function requests(asked: Asked): Frame[] {
  const groups = Map.groupBy(asked, ([, [mode, method]]) => `${method} ${mode}`)
  return [...groups.values()].flatMap((group) => {
    const [mode, method] = group[0]![1]
    return inParts(group.map(([key]) => key)).map((instrumentKeys) => encoded(method, { mode, instrumentKeys }))
  })
}

function inParts(keys: readonly string[]): string[][] {
  const parts: string[][] = []
  for (let at = 0; at < keys.length; at += MAX_KEYS_PER_REQUEST) parts.push(keys.slice(at, at + MAX_KEYS_PER_REQUEST))
  return parts
}

/** JSON in a binary frame, as the vendor's own clients send it. */
function encoded(method: 'sub' | 'unsub' | 'change_mode', data: object): Frame {
  return Buffer.from(JSON.stringify({ guid: randomUUID(), method, data }))
}
