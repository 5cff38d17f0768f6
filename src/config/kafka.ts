import type { Static } from 'typebox'
import type { Environment } from './environment.ts'

const DEFAULT_PORT = 9092
/** The longest that Kafka takes has 249; the log adds to it. */
const TOPIC = /^[A-Za-z0-9._-]{1,200}$/
const BROKER = /^(\[[0-9a-fA-F:]+\]|[^\s:,/]+)(?::(\d{1,5}))?$/

export type KafkaConfig = {
  readonly brokers: readonly { readonly host: string; readonly port: number }[]
  /** What the names of its topics begin with. */
  readonly topic: string
  readonly tls: boolean
  readonly sasl:
    | {
        readonly mechanism: 'PLAIN' | 'SCRAM-SHA-256' | 'SCRAM-SHA-512'
        readonly username: string
        readonly password: string
      }
    | undefined
}

/** Where the event log is, if it is in Kafka; adds what is wrong to the problems. */
export function kafkaConfig(values: Static<typeof Environment>, problems: string[]): KafkaConfig | undefined {
  const { LOG, KAFKA_BROKERS, KAFKA_TOPIC, KAFKA_TLS, KAFKA_USERNAME, KAFKA_PASSWORD } = values
  if (LOG !== 'kafka') return undefined
  if (KAFKA_BROKERS === undefined) problems.push('KAFKA_BROKERS must be set together with LOG=kafka')
  if (!TOPIC.test(KAFKA_TOPIC)) problems.push('KAFKA_TOPIC may have letters, digits, dots, _ and -, 200 at most')
  if ((KAFKA_USERNAME === undefined) !== (KAFKA_PASSWORD === undefined)) {
    problems.push('KAFKA_USERNAME and KAFKA_PASSWORD must be set together')
  }
  const mechanism = values.KAFKA_SASL_MECHANISM
  const sasl =
    KAFKA_USERNAME && KAFKA_PASSWORD ? { mechanism, username: KAFKA_USERNAME, password: KAFKA_PASSWORD } : undefined
  return { brokers: brokersIn(KAFKA_BROKERS ?? '', problems), topic: KAFKA_TOPIC, tls: KAFKA_TLS, sasl }
}

function brokersIn(list: string, problems: string[]): KafkaConfig['brokers'] {
  const parts = list.split(',').map((part) => part.trim())
  return parts.filter(Boolean).flatMap((part) => {
    const [, host, port = DEFAULT_PORT] = BROKER.exec(part) ?? []
    if (host !== undefined && Number(port) <= 65_535) return { host: host.replace(/^\[|\]$/g, ''), port: Number(port) }
    problems.push('KAFKA_BROKERS must name hosts with ports, like kafka-1:9092,kafka-2:9092')
    return []
  })
}
