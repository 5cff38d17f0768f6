import { expect, onTestFinished, test } from 'vitest'
import { kafkaReached } from '../../src/commands/kafka-reach.ts'
import { loadConfig } from '../../src/config/config.ts'
import { shardOf } from '../../src/log/shard.ts'
import { pino } from 'pino'
import { openEventLog } from '../../src/event-log.ts'
import { SASL_USER, type KafkaBroker } from '../support/kafka.ts'
import { tradeEvent } from '../support/events.ts'
import { startLive } from '../support/live-server.ts'
import { testRedis } from '../support/services.ts'
import { startRealPersist } from '../workers/process.ts'
import { freshDatabase, standingIn, standingOf } from '../workers/standing-trades.ts'
import { TradeFlow } from '../workers/trade-flow.ts'
import { openKafkaLog } from './kafka-logs.ts'
import { pricesIn } from './prices.ts'

const SHARDS = 4
const SYMBOLS = ['AAPL', 'MSFT', 'IBM', 'F', 'T', 'GE', 'BAC', 'KO']

/** What users of the whole system see of a log in Kafka. */
export function describeSystem(broker: () => KafkaBroker): void {
  test('brokers that want to know who asks are told so, and the doctor says who was refused', async () => {
    const env = {
      LOG: 'kafka',
      KAFKA_BROKERS: `127.0.0.1:${broker().saslPort}`,
      KAFKA_TOPIC: 'secured',
      KAFKA_SASL_MECHANISM: 'PLAIN',
      KAFKA_USERNAME: SASL_USER.username,
      KAFKA_PASSWORD: SASL_USER.password
    }
    const redis = () => Promise.reject(new Error('there is none'))
    const { eventLog } = await openEventLog({ config: loadConfig(env), log: pino({ level: 'silent' }), redis })
    onTestFinished(() => eventLog.close())
    await eventLog.append([tradeEvent('AAPL', 1, 1)])
    expect(await pricesIn(eventLog, 'AAPL')).toEqual([1])
    const refused = await kafkaReached(loadConfig({ ...env, KAFKA_PASSWORD: 'wrong' }))
    expect(refused).toEqual({ state: 'problem', detail: 'KAFKA_BROKERS do not answer: SASL authentication failed.' })
  })

  test('what is appended is in Postgres once, although the process that writes it is replaced, and with clients', async () => {
    const [database, redis] = await Promise.all([freshDatabase(), testRedis()])
    onTestFinished(() => redis.close())
    const topic = 'system'
    const log = await openKafkaLog(broker(), { topic, shards: SHARDS })
    const env = {
      MARKET: 'sandbox',
      DATABASE_URL: database.url,
      // Nothing of it is in Redis.
      REDIS_URL: 'redis://127.0.0.1:1',
      LOG: 'kafka',
      KAFKA_BROKERS: `127.0.0.1:${broker().port}`,
      KAFKA_TOPIC: topic,
      LOG_SHARDS: String(SHARDS),
      BATCH_MS: '20'
    }
    const reached = () => kafkaReached(loadConfig(env))
    const start = async () => {
      const started = await startRealPersist(env)
      onTestFinished(() => started.kill())
      return started
    }
    expect((await reached())?.detail).toBe('1 broker, topic system-4, not there yet: it is created at the start')
    const flow = new TradeFlow(SYMBOLS)
    const first = await start()
    const live = await startLive(redis.url, { log: await openKafkaLog(broker(), { topic, shards: SHARDS }) })
    const client = live.connect()
    client.socket.once('open', () => client.subscribe(SYMBOLS, { stream: 'trades' }))
    await client.frame('subscribed')
    const told = (type: string) => client.ofType(type).length
    const sent = (type: string) => events.filter((event) => event.type === type).length
    const events = flow.next(400)
    await log.append(events)
    const ticks = async () => Number((await database.sql`select count(*) from ticks`)[0]!['count'])
    await expect.poll(ticks).toBeGreaterThan(100)
    expect(await first.stop()).toBe(0)
    events.push(...flow.next(400))
    await log.append(events.slice(400))
    const second = await start()
    expect(await (await fetch(`${second.url}/api/health`)).json()).toMatchObject({
      status: 'ok',
      dependencies: { kafka: { status: 'up' } }
    })
    await expect.poll(() => standingIn(database), { timeout: 30_000 }).toEqual(standingOf(flow.standing.values()))
    expect((await database.sql`select from gaps`).length).toBe(0)
    const cursors = await database.sql<{ shard: number }[]>`select shard from log_cursors order by shard`
    expect(new Set(cursors.map(({ shard }) => shard))).toEqual(
      new Set(SYMBOLS.map((symbol) => shardOf(symbol, SHARDS)))
    )
    expect(cursors.length).toBeGreaterThan(1)
    for (const type of ['trade', 'trade_correction', 'trade_cancel'])
      await expect.poll(() => told(type)).toBe(sent(type))

    expect(await reached()).toEqual({ state: 'ok', detail: '1 broker, topic system-4' })

    const { cursor } = client.ofType('trade').at(-1)!
    await client.leave()
    await log.append(flow.next(20))
    const back = live.connect()
    back.socket.once('open', () => back.subscribe(SYMBOLS, { stream: 'trades', since: cursor }))
    await back.frame('resumed')
    // Those that the process had not read yet come behind.
    await back.until(() => back.ofType('trade').length > 0, 'a trade that was missed')
    expect(back.ofType('gap')).toEqual([])
    expect(await second.stop()).toBe(0)
  })
}
