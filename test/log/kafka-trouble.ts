import { readdir, stat, truncate } from 'node:fs/promises'
import { join } from 'node:path'
import { deleteTopicsV6, ProduceAcks, produceV9 } from '@platformatic/kafka'
import { describe, expect, onTestFinished, test } from 'vitest'
import { Cluster } from '../../src/log/kafka/cluster.ts'
import type { EventLog } from '../../src/log/log.ts'
import { quoteEvent, tradeEvent } from '../support/events.ts'
import { following } from '../support/following.ts'
import type { KafkaBroker } from '../support/kafka.ts'
import { openKafkaLog } from './kafka-logs.ts'
import { pricesIn, pricesOf } from './prices.ts'

/** Clients wait for a broker that starts. */
const PATIENCE = { timeout: 30_000 }

const trade = (price: number) => tradeEvent('AAPL', price, 1)
const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, at) => from + at)

function follow(log: EventLog, from: 'beginning' | 'now' = 'beginning') {
  const prices: number[] = []
  const epochs: string[] = []
  const lost: boolean[] = []
  following(log, from, {
    entries: (entries) => void prices.push(...pricesOf(entries, 'AAPL')),
    replaced(epoch, losses) {
      epochs.push(epoch)
      lost.push(...losses.map(({ isMissing }) => isMissing))
    }
  })
  return { prices, epochs, lost }
}

/** Appends trades at 1, 2, 3 and so on until it is ended; then it tells the last one. */
function flowInto(log: EventLog) {
  const acknowledged: number[] = []
  const appended: Promise<unknown>[] = []
  const stop = new AbortController()
  onTestFinished(() => stop.abort())
  let price = 0
  const flowing = (async () => {
    while (!stop.signal.aborted) {
      const own = ++price
      await log.room()
      appended.push(log.append([trade(own)]).then(() => acknowledged.push(own)))
      await new Promise((resolve) => setTimeout(resolve, 1))
    }
  })()
  return {
    acknowledged,
    async end() {
      stop.abort()
      await flowing
      await Promise.all(appended)
      return price
    }
  }
}

/** Whoever looks after a cluster, past the log. */
function operator({ port }: KafkaBroker): Cluster {
  const cluster = new Cluster({ brokers: [{ host: '127.0.0.1', port }], tls: false, sasl: undefined })
  onTestFinished(() => cluster.close())
  return cluster
}

/** Resolves when the broker has done it: what comes before that is lost with the topic. */
export async function deleteTopic(broker: KafkaBroker, name: string): Promise<void> {
  const cluster = operator(broker)
  const { id } = await cluster.lookUp(name)
  await cluster.ask(deleteTopicsV6.api, [{ name }], 5000)
  const present = () =>
    cluster.lookUp(name).then(
      (found) => found.id,
      () => undefined
    )
  await expect.poll(present).not.toBe(id)
}

/** Cuts off the end of what a stopped broker holds of a topic's first partition, as a machine does that loses its power. */
async function loseEnd(broker: KafkaBroker, topic: string, bytes: number): Promise<void> {
  const folder = join(broker.data, `${topic}-1-0`)
  const segments = (await readdir(folder)).filter((name) => name.endsWith('.log')).toSorted()
  const newest = join(folder, segments.at(-1)!)
  await truncate(newest, (await stat(newest)).size - bytes)
}

/** What a log in Kafka is held to when something goes wrong with its connections, its topics or its broker. */
export function describeTrouble(broker: () => KafkaBroker): void {
  const open = (options = {}) => openKafkaLog(broker(), options)

  describe('an event is in the log exactly once', () => {
    test('where its broker took it and the connection was lost before the answer', async () => {
      const { door } = broker()
      const topic = 'lost-answer'
      const log = await open({ topic })
      await log.append([trade(1)])
      door.treat('swallow answers')
      const appended = [log.append([trade(2)])]
      await expect.poll(async () => pricesIn(await open({ topic }), 'AAPL')).toEqual([1, 2])
      appended.push(log.append([trade(3)]))
      door.cut()
      await Promise.all(appended)
      expect(await pricesIn(await open({ topic }), 'AAPL')).toEqual([1, 2, 3])
      expect(log.stats).toMatchObject({ appended: 3, failed: 0, waitingBytes: 0 })
    })

    test('where the lost connection brings it to the broker after all, later than the new one', async () => {
      const { door } = broker()
      const topic = 'late-request'
      const log = await open({ topic })
      await log.append([trade(1)])
      door.treat('hold requests')
      const appended = log.append([trade(2)])
      await expect.poll(() => door.requestedBytes()).toBeGreaterThan(0)
      const deliverLate = door.cutClients()
      await appended
      await deliverLate()
      await log.append([trade(3)])
      expect(await pricesIn(await open({ topic }), 'AAPL')).toEqual([1, 2, 3])
    })

    test('where its broker stands still for longer than anybody waits', async () => {
      const topic = 'slow-broker'
      const log = await open({ topic })
      const { prices, epochs } = follow(await open({ topic }))
      await log.append([trade(1)])
      broker().freeze()
      const appended = [log.append([trade(2)])]
      await new Promise((resolve) => setTimeout(resolve, 5200))
      broker().thaw()
      appended.push(log.append([trade(3)]))
      await Promise.all(appended)
      await expect.poll(() => prices, PATIENCE).toEqual([1, 2, 3])
      expect(epochs).toEqual([])
    })
  })

  describe('who follows is told', () => {
    test('when the topic was deleted: it is another log then, and what comes is not missed', async () => {
      const topic = 'deleted'
      const log = await open({ topic })
      const { prices, epochs, lost } = follow(await open({ topic }))
      const epoch = await log.epoch()
      await log.append(range(1, 5).map(trade))
      await expect.poll(() => prices.length).toBe(5)
      await deleteTopic(broker(), `${topic}-1`)
      await log.append([trade(6)])
      await expect.poll(() => epochs.length, PATIENCE).toBe(1)
      expect(epochs[0]).not.toBe(epoch)
      expect(lost).toEqual([false])
      expect(await log.epoch()).toBe(epochs[0])
      await log.append([trade(7)])
      await expect.poll(() => prices).toEqual(range(1, 7))
    })

    test('when events were trimmed before it could read them, and goes on behind them', async () => {
      const topic = 'trimmed'
      const log = await open({ topic, maxBytes: 2 ** 20 })
      const follower = (await open({ topic })).follow('beginning')
      onTestFinished(() => follower.return().then(() => undefined))
      await log.append([trade(1)])
      const first = await follower.next()
      expect(pricesOf(first.value!.entries, 'AAPL')).toEqual([1])
      const large = Array.from({ length: 50 }, () => quoteEvent('PAD', 1, { name: 'x'.repeat(3000) }))
      await expect
        .poll(async () => {
          for (let count = 0; count < 10; count++) await log.append(large)
          return (await log.reach(0)).isWhole
        }, PATIENCE)
        .toBe(false)
      const { first: oldest, firstAt, last } = await log.reach(0)
      expect(log.timeOf(last!)).toBeGreaterThanOrEqual(firstAt!)
      expect(oldest).toBeDefined()
      expect(await log.reachSeconds()).toBeLessThan(3600)
      await log.append([trade(2)])
      let gaps = 0
      const prices: number[] = []
      while (gaps === 0 || prices.length === 0) {
        const { value } = await follower.next()
        if (value!.gap) gaps += value!.gap.losses.filter(({ isMissing }) => isMissing).length
        prices.push(...pricesOf(value!.entries, 'AAPL'))
      }
      expect(prices).toEqual([2])
      expect(gaps).toBe(1)
    })
  })

  test('where the broker is killed in the middle of a flow, nothing is lost, doubled or missed; what its disk lost is told', async () => {
    const [topic, spoiled] = ['killed-broker', 'power-failure']
    const [log, spoiledLog] = await Promise.all([open({ topic }), open({ topic: spoiled })])
    const follower = follow(await open({ topic }))
    const others = [follow(await open({ topic: spoiled })), follow(await open({ topic: spoiled }))]
    const epoch = await log.epoch()
    for (let price = 1; price <= 10; price++) await spoiledLog.append([trade(price)])
    for (const { prices } of others) await expect.poll(() => prices.length).toBe(10)
    const flow = flowInto(log)
    await expect.poll(() => flow.acknowledged.length, PATIENCE).toBeGreaterThan(200)
    await broker().kill()
    await loseEnd(broker(), spoiled, 10)
    const held = flow.acknowledged.length
    const late = await open({ topic })
    const appended = [late.append([tradeEvent('MSFT', 1, 1)]), spoiledLog.append([trade(11)])]
    await broker().start()
    await Promise.all(appended)
    await expect.poll(() => flow.acknowledged.length, PATIENCE).toBeGreaterThan(held + 200)
    const last = await flow.end()
    await expect.poll(() => follower.prices.length, PATIENCE).toBeGreaterThanOrEqual(last)
    expect(follower.prices).toEqual(range(1, last))
    expect(await pricesIn(late, 'AAPL')).toEqual(range(1, last))
    const newcomer = follow(await open({ topic }))
    await expect.poll(() => newcomer.prices.length).toBe(last)
    expect(await late.epoch()).toBe(epoch)
    expect([...follower.epochs, ...newcomer.epochs]).toEqual([])
    expect(log.stats).toMatchObject({ appended: last, failed: 0, waitingBytes: 0 })

    for (const { epochs } of others) await expect.poll(() => epochs.length, PATIENCE).toBe(1)
    expect(others[0]!.epochs).toEqual(others[1]!.epochs)
    expect(await spoiledLog.epoch()).toBe(others[0]!.epochs[0])
    await spoiledLog.append([trade(12)])
    for (const { prices } of others) await expect.poll(() => prices).toEqual(range(1, 12))
    expect(await pricesIn(spoiledLog, 'AAPL')).toEqual([...range(1, 9), 11, 12])
  })

  test('what somebody else writes into the topic disturbs nobody', async () => {
    const topic = 'foreign'
    const log = await open({ topic })
    const { prices, epochs } = follow(log)
    await log.append([trade(1)])
    const value = Buffer.from('{"hello":"world"}')
    await operator(broker()).ask(produceV9.api, ProduceAcks.ALL, 5000, [{ topic: `${topic}-1`, partition: 0, value }])
    await log.append([trade(2)])
    await expect.poll(() => prices).toEqual([1, 2])
    expect(await pricesIn(log, 'AAPL')).toEqual([1, 2])
    expect(epochs).toEqual([])
  })
}
