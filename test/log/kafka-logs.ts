import { randomUUID } from 'node:crypto'
import { pino } from 'pino'
import { onTestFinished } from 'vitest'
import { createKafkaLog, type EventLog } from '../../src/log/log.ts'
import type { KafkaBroker } from '../support/kafka.ts'

const SILENT = pino({ level: 'silent' })

export type KafkaLogOptions = { topic?: string; shards?: number; retentionMs?: number; maxBytes?: number }

/** A log in topics of this test alone, or the one of a topic. */
export async function openKafkaLog(
  { port }: Pick<KafkaBroker, 'port'>,
  { topic = `test-${randomUUID()}`, shards = 1, retentionMs = 3_600_000, maxBytes = 2 ** 28 }: KafkaLogOptions = {}
): Promise<EventLog> {
  const kafka = { brokers: [{ host: '127.0.0.1', port }], tls: false, sasl: undefined }
  const log = await createKafkaLog({ kafka, topic, log: SILENT, shards, retentionMs, maxBytes })
  onTestFinished(() => log.close())
  return log
}
