import { metadataV12 } from '@platformatic/kafka'
import { Cluster, isRefusal, type ClusterOptions } from './cluster.ts'
import { entriesTopic } from './topics.ts'

type MetadataResponse = Awaited<ReturnType<typeof metadataV12.api.async>>

/** What a log in Kafka would find. */
export type KafkaSurvey = {
  readonly brokers: number
  readonly topic: string
  /** Of its topic; undefined where that is not there yet. */
  readonly partitions: number | undefined
}

/** Looks at a cluster of Kafka, and changes nothing. Rejects where no broker answers. */
export async function surveyKafka(
  kafka: ClusterOptions,
  options: { readonly topic: string; readonly shards: number }
): Promise<KafkaSurvey> {
  const topic = entriesTopic(options)
  const cluster = new Cluster(kafka)
  try {
    const { brokers, topics } = await cluster.ask(metadataV12.api, [topic], false).catch(unknownTopic)
    const partitions = topics[0]?.partitions.length
    return { brokers: brokers.length, topic, partitions: partitions === 0 ? undefined : partitions }
  } finally {
    cluster.close()
  }
}

function unknownTopic(error: unknown): MetadataResponse {
  if (isRefusal(error, 'UNKNOWN_TOPIC_OR_PARTITION')) return error.response as MetadataResponse
  throw error
}
