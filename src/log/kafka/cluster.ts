import { setTimeout as delay } from 'node:timers/promises'
import {
  Connection,
  metadataV12,
  ResponseError,
  type API,
  type ProtocolError,
  type SASLOptions
} from '@platformatic/kafka'

const CONNECT_TIMEOUT_MS = 3000
/** A broker that is mute for longer is given up, and whatever was asked of it is in doubt. */
export const REQUEST_TIMEOUT_MS = 5000

/** A topic that was just created, or has just changed its leader, is served within this time, or something is wrong. */
const SETTLE_TIMEOUT_MS = 3000
const SETTLE_RETRY_MS = 50
const UNSETTLED = ['LEADER_NOT_AVAILABLE', 'NOT_LEADER_OR_FOLLOWER', 'UNKNOWN_TOPIC_OR_PARTITION', 'UNKNOWN_TOPIC_ID']

export type Broker = { readonly host: string; readonly port: number }

export type ClusterOptions = {
  /** One of them has to answer; the others of the cluster are found through it. */
  readonly brokers: readonly Broker[]
  readonly tls: boolean
  readonly sasl: SASLOptions | undefined
}

/** What is known of a topic: its id, which another topic of the same name does not have, and who leads its partitions. */
export type Topic = { readonly name: string; readonly id: string; readonly leaders: readonly Broker[] }

/** A connection, which may be on its way to be open. */
type Link = { readonly connection: Connection; readonly ready: Promise<Connection> }

/**
 * Connections to the brokers of a cluster. A broker answers what came by one connection in turn, and a read that waits for
 * news holds up what comes behind it: whoever must not wait for others has a cluster of its own.
 */
export class Cluster {
  readonly #options: ClusterOptions
  readonly #links = new Map<string, Link>()
  readonly #topics = new Map<string, Promise<Topic>>()
  #losses = 0
  #isClosed = false

  constructor(options: ClusterOptions) {
    this.#options = options
  }

  /** How many connections were lost so far: by one of them a broker may have got what it never answered. */
  get losses(): number {
    return this.#losses
  }

  /** Asks whichever broker answers first. */
  async ask<A extends unknown[], R>(api: API<A, R>, ...args: A): Promise<R> {
    let failure: unknown
    for (const broker of this.#options.brokers) {
      try {
        return await this.askBroker(broker, api, ...args)
      } catch (error) {
        if (error instanceof Refusal) throw error
        failure ??= error
      }
    }
    throw failure
  }

  /** Throws Refusal where the broker refuses; after any other failure it may have done what it was asked. */
  async askBroker<A extends unknown[], R>(broker: Broker, api: API<A, R>, ...args: A): Promise<R> {
    const link = this.#linkTo(broker)
    try {
      return await api.async(await link.ready, ...args)
    } catch (error) {
      // Another broker may lead by now, or the topic be another one.
      this.#topics.clear()
      if (error instanceof ResponseError) throw new Refusal(error)
      this.#drop(broker, link)
      throw error
    }
  }

  /** As it was when it was last asked for. Throws an error for which `isUnknownTopic` holds where there is none. */
  topic(name: string): Promise<Topic> {
    return this.#topics.get(name) ?? this.lookUp(name)
  }

  /** As it is now. */
  lookUp(name: string): Promise<Topic> {
    const found = this.#lookUp(name)
    this.#topics.set(name, found)
    found.catch(() => this.#topics.delete(name))
    return found
  }

  close(): void {
    this.#isClosed = true
    for (const { connection } of this.#links.values()) void connection.close()
    this.#links.clear()
  }

  async #lookUp(name: string): Promise<Topic> {
    const { brokers, topics } = await this.ask(metadataV12.api, [name], false)
    const { topicId, partitions } = topics[0]!
    const leaders = partitions
      .toSorted((a, b) => a.partitionIndex - b.partitionIndex)
      .map(({ leaderId, partitionIndex }) => {
        const leader = brokers.find(({ nodeId }) => nodeId === leaderId)
        if (!leader) throw new Error(`no broker leads partition ${partitionIndex} of the topic ${name}`)
        return leader
      })
    return { name, id: topicId, leaders }
  }

  #linkTo(broker: Broker): Link {
    if (this.#isClosed) throw new Error('the connection to Kafka is closed')
    const key = keyOf(broker)
    const known = this.#links.get(key)
    if (known) return known
    const connection = this.#newConnection()
    const connecting = connection.connect(broker.host, broker.port) as Promise<void>
    const link = { connection, ready: connecting.then(() => connection) }
    link.ready.catch(() => undefined) // told to whoever asks by it
    this.#links.set(key, link)
    connection.on('close', () => this.#drop(broker, link))
    return link
  }

  #newConnection(): Connection {
    const { tls, sasl } = this.#options
    const connection = new Connection('quotewire', {
      connectTimeout: CONNECT_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      ...(tls && { tls: {} }),
      ...(sasl && { sasl })
    })
    connection.on('error', () => undefined) // reported by the requests that fail
    return connection
  }

  #drop(broker: Broker, link: Link): void {
    const key = keyOf(broker)
    if (this.#links.get(key) !== link) return
    this.#losses++
    this.#links.delete(key)
    void link.connection.close()
  }
}

/** A broker refused what it was asked, or a part of it. Holds why, by the names of Kafka's protocol. */
export class Refusal extends Error {
  readonly reasons: readonly string[]
  /** Not among what a log tells of an error: it may hold all that was read beside what was refused. */
  readonly #response: unknown

  constructor(error: ResponseError) {
    const errors = error.errors as ProtocolError[]
    const told = errors.map((each) => [each['apiId'], each['serverErrorMessage']].filter(Boolean).join(': '))
    super(`Kafka refused: ${[...new Set(told)].join(', ')}`)
    this.name = 'Refusal'
    this.reasons = errors.map((each) => String(each['apiId']))
    this.#response = error['response']
  }

  /** What the broker answered all the same. */
  get response(): unknown {
    return this.#response
  }
}

/** Does something again while a topic's leader has only just come to be. It must look the topic up, and bear being done again. */
export async function settled<T>(work: () => Promise<T>): Promise<T> {
  const giveUpAt = performance.now() + SETTLE_TIMEOUT_MS
  for (;;) {
    try {
      return await work()
    } catch (error) {
      const isUnsettled = UNSETTLED.some((reason) => isRefusal(error, reason))
      if (!isUnsettled || performance.now() > giveUpAt) throw error
      await delay(SETTLE_RETRY_MS)
    }
  }
}

/** Whether a broker refused for this reason. */
export const isRefusal = (error: unknown, reason: string): error is Refusal =>
  error instanceof Refusal && error.reasons.includes(reason)

/** Names a broker, however often it was found. */
export const keyOf = ({ host, port }: Broker) => `${host}:${port}`
