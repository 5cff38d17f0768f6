import type { LogServer } from '../source.ts'
import { Cluster, type ClusterOptions } from './cluster.ts'
import { TopicProducer } from './producer.ts'
import { TopicReader } from './reader.ts'
import { TopicSource } from './source.ts'
import { heldBytes, type TopicOptions } from './topics.ts'

export type TopicLogOptions = Omit<TopicOptions, 'cluster'> & { readonly kafka: ClusterOptions }

/** The event log in a topic of Kafka, a partition for each shard. */
export function createTopicLog({ kafka, ...options }: TopicLogOptions): LogServer {
  const clusters: Cluster[] = []
  const own = () => ({ ...options, cluster: new Cluster(kafka) })
  const ownSource = () => {
    const each = own()
    clusters.push(each.cluster)
    return new TopicSource(each)
  }
  const source = ownSource()
  const writing = own()
  return {
    source,
    reads: ownSource(),
    producer: new TopicProducer(writing, new TopicSource(writing)),
    heldBytes: heldBytes(options.maxBytes),
    reader: () => new TopicReader(own(), source),
    close() {
      for (const cluster of clusters) cluster.close()
    }
  }
}
