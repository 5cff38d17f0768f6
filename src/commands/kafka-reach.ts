import type { Config } from '../config/config.ts'
import { reason } from './reach.ts'

export type KafkaReach = { readonly state: 'ok' | 'problem'; readonly detail: string }

/** Whether the event log can be in Kafka as the configuration says; undefined where it is not to be there. */
export async function kafkaReached({ kafka, LOG_SHARDS }: Config): Promise<KafkaReach | undefined> {
  if (!kafka) return undefined
  try {
    const { surveyKafka } = await import('../log/kafka/survey.ts')
    const { brokers, topic, partitions } = await surveyKafka(kafka, { topic: kafka.topic, shards: LOG_SHARDS })
    const detail = `${brokers} ${brokers === 1 ? 'broker' : 'brokers'}, topic ${topic}`
    if (partitions === undefined) return { state: 'ok', detail: `${detail}, not there yet: it is created at the start` }
    if (partitions === LOG_SHARDS) return { state: 'ok', detail }
    return { state: 'problem', detail: `${detail} has ${partitions} partitions, and LOG_SHARDS is ${LOG_SHARDS}` }
  } catch (error) {
    return { state: 'problem', detail: `KAFKA_BROKERS do not answer: ${reasonOfKafka(error as Error)}` }
  }
}

/** The client library's own codes tell less than what it says. */
function reasonOfKafka(error: Error): string {
  const cause = (error.cause ?? error) as Error & { code?: string }
  return cause.code?.startsWith('PLT_') ? cause.message : reason(cause)
}
