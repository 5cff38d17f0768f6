import { randomUUID } from 'node:crypto'
import { mkdtemp } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, inject } from 'vitest'
import { startKafka, whyNoKafka, type KafkaBroker } from '../support/kafka.ts'
import { describeLog } from './contract.ts'
import { openKafkaLog } from './kafka-logs.ts'
import { describeSystem } from './kafka-system.ts'
import { deleteTopic, describeTrouble } from './kafka-trouble.ts'

let broker: KafkaBroker

describe.skipIf(whyNoKafka !== undefined)(`the log in Kafka (${whyNoKafka ?? 'needs Java and Maven'})`, () => {
  beforeAll(async () => {
    broker = await startKafka(await mkdtemp(join(inject('runFolder'), 'kafka-')))
  })
  afterAll(() => broker?.close())

  describeLog(
    async (shards) => openKafkaLog(broker, { shards }),
    async () => {
      const topic = `shared-${randomUUID()}`
      return { open: () => openKafkaLog(broker, { topic }), empty: () => deleteTopic(broker, `${topic}-1`) }
    }
  )
  describeTrouble(() => broker)
  describeSystem(() => broker)
})
