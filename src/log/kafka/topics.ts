import {
  ConfigResourceTypes,
  createTopicsV7,
  IncrementalAlterConfigOperationTypes,
  incrementalAlterConfigsV1
} from '@platformatic/kafka'
import type { Logger } from 'pino'
import { isRefusal, Refusal, REQUEST_TIMEOUT_MS, type Cluster, type Topic } from './cluster.ts'

/** Of a batch of records, which is a flight of entries, or one entry with an event as large as the log takes. */
const MAX_BATCH_BYTES = 8 * 1024 * 1024
/** Kafka forgets a segment at a time; the last one it keeps. */
const SEGMENTS = 8
const MIN_SEGMENT_BYTES = 1024 * 1024
const MAX_SEGMENT_BYTES = 1024 * 1024 * 1024
const BROKERS_DEFAULT = -1
const FOR_EVER = '-1'

export type TopicOptions = {
  readonly cluster: Cluster
  readonly log: Pick<Logger, 'warn'>
  /** What the topics' names begin with. */
  readonly topic: string
  readonly shards: number
  readonly retentionMs: number
  /** Of each partition. */
  readonly maxBytes: number
}

/** The topics that hold a log: its entries, a partition for each shard, and the changes of its epoch. */
export type LogTopics = { readonly entries: Topic; readonly epochs: Topic }

/** Another number of shards is another log: symbols would be looked for in the wrong one. */
export const entriesTopic = ({ topic, shards }: Pick<TopicOptions, 'topic' | 'shards'>): string => `${topic}-${shards}`
const epochsTopic = (options: Pick<TopicOptions, 'topic' | 'shards'>): string => `${entriesTopic(options)}-epochs`

/** Both topics as they are now; those that are not there are created. Throws where one has another number of partitions. */
export async function lookUpTopics(options: TopicOptions): Promise<LogTopics> {
  const [entries, epochs] = await Promise.all([
    lookUpOrCreate(options, entriesTopic(options), options.shards),
    lookUpOrCreate(options, epochsTopic(options), 1)
  ])
  return { entries, epochs }
}

/** Makes the topic of entries what this process would create, with what it is set to keep, where it may say so. */
export async function applySettings(options: TopicOptions): Promise<void> {
  const { cluster, log } = options
  const configs = Object.entries(configOfEntries(options)).map(([name, value]) => ({
    name,
    configOperation: IncrementalAlterConfigOperationTypes.SET,
    value
  }))
  const resource = { resourceType: ConfigResourceTypes.TOPIC, resourceName: entriesTopic(options), configs }
  try {
    await cluster.ask(incrementalAlterConfigsV1.api, [resource], false)
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    log.warn(
      { err: error, topic: resource.resourceName },
      'Kafka does not let the topic of the log be set up: it stays as it is'
    )
  }
}

async function lookUpOrCreate(options: TopicOptions, name: string, partitions: number): Promise<Topic> {
  const { cluster } = options
  const topic = await cluster.lookUp(name).catch(async (error: unknown) => {
    if (!isRefusal(error, 'UNKNOWN_TOPIC_OR_PARTITION')) throw error
    await create(options, name, partitions)
    return cluster.lookUp(name)
  })
  if (topic.leaders.length !== partitions) {
    throw new Error(`the topic ${name} has ${topic.leaders.length} partitions, and the log needs ${partitions}`)
  }
  return topic
}

async function create(options: TopicOptions, name: string, partitions: number): Promise<void> {
  const config = name === entriesTopic(options) ? configOfEntries(options) : { ...KEPT, 'retention.ms': FOR_EVER }
  const topic = {
    name,
    numPartitions: partitions,
    replicationFactor: BROKERS_DEFAULT,
    assignments: [],
    configs: Object.entries(config).map(([key, value]) => ({ name: key, value }))
  }
  try {
    await options.cluster.ask(createTopicsV7.api, [topic], REQUEST_TIMEOUT_MS, false)
  } catch (error) {
    if (!isRefusal(error, 'TOPIC_ALREADY_EXISTS')) throw error // another process was faster
  }
}

const KEPT = { 'cleanup.policy': 'delete', 'retention.bytes': FOR_EVER }

function configOfEntries({ retentionMs, maxBytes }: TopicOptions): Record<string, string> {
  return {
    ...KEPT,
    'retention.ms': String(retentionMs),
    'retention.bytes': String(maxBytes),
    'segment.bytes': String(segmentBytes(maxBytes)),
    'max.message.bytes': String(MAX_BATCH_BYTES),
    // Its broker's clock says when an entry came, whichever producer wrote it.
    'message.timestamp.type': 'LogAppendTime'
  }
}

const segmentBytes = (maxBytes: number) =>
  Math.min(MAX_SEGMENT_BYTES, Math.max(MIN_SEGMENT_BYTES, Math.floor(maxBytes / SEGMENTS)))

/** What a partition holds on average that Kafka has begun to trim: its bound, and a part of the segment that comes next. */
export const heldBytes = (maxBytes: number): number => maxBytes + segmentBytes(maxBytes) / 2

/** The topic of entries as it was known last; created where it is not there. */
export async function knownEntriesTopic(options: TopicOptions): Promise<Topic> {
  try {
    return await options.cluster.topic(entriesTopic(options))
  } catch (error) {
    if (!isRefusal(error, 'UNKNOWN_TOPIC_OR_PARTITION')) throw error
    return (await lookUpTopics(options)).entries
  }
}
