import { setImmediate as turn } from 'node:timers/promises'
import { describe, expect, test, vi } from 'vitest'
import { Fanout } from '../../src/hub/fanout.ts'
import { PLAIN } from '../../src/hub/format.ts'
import { headerBytes } from '../../src/hub/frame.ts'
import { Topic, type Audience, type Member } from '../../src/hub/topic.ts'
import { stemOf } from '../../src/log/cursor.ts'
import { readEntry } from '../../src/log/entry.ts'
import { BEGINNING, endOf, outsideOf } from '../../src/log/entry-position.ts'
import { tradeEvent } from '../support/events.ts'
import { entryOf } from '../log/entries.ts'

/** Writing to a client takes so long here that a round has several slices. */
const WRITE_MS = 1

/** Takes its time, and keeps what each delivery brought: prices, which number the events. */
class SlowWriter implements Member {
  audience: Audience | undefined
  readonly isBehind = false
  readonly isWriting = false
  readonly deliveries: number[][] = []

  get prices(): number[] {
    return this.deliveries.flat()
  }

  deliver(bytes: Buffer): void {
    for (const endAt = performance.now() + WRITE_MS; performance.now() < endAt;);
    this.deliveries.push(pricesIn(bytes))
  }

  miss(): void {
    throw new Error('it is never behind')
  }
}

function pricesIn(frames: Buffer): number[] {
  const prices: number[] = []
  for (let at = 0; at < frames.length;) {
    const length = frames[at + 1]! < 126 ? frames[at + 1]! : frames.readUInt16BE(at + 2)
    const start = at + headerBytes(length)
    prices.push(JSON.parse(frames.toString('utf8', start, start + length)).data.trade.price)
    at = start + length
  }
  return prices
}

function fanoutOf(maxUnflushedBytes = 1_000_000) {
  const fanout = new Fanout({ flushMs: 0, maxUnflushedBytes, onFlushed: () => undefined })
  let sequence = 0
  const publish = (topic: Topic) => {
    sequence++
    const bytes = entryOf([tradeEvent(topic.name.slice('trades:'.length), sequence, 100)])
    const entry = readEntry({ shard: 0, idHigh: sequence, idLow: 0 }, bytes)
    fanout.makeRoom(bytes.length)
    const stem = stemOf(entry, [{ epoch: 'abcdef012345', at: outsideOf(endOf(0, BEGINNING)) }])
    fanout.publish({ topic, entry, index: 0, sequence, stem }, undefined)
    return sequence
  }
  return { fanout, publish }
}

const topicsNamed = (count: number) => Array.from({ length: count }, (_, at) => new Topic(`trades:S${at}`, at + 1))

describe('while a round of deliveries lasts', () => {
  test('an event that comes goes out with the round to clients whose turn is yet to come', async () => {
    const { fanout, publish } = fanoutOf()
    const [shared, ...own] = topicsNamed(21)
    const writers = own.map((topic) => {
      const writer = new SlowWriter()
      fanout.audiences.add(writer, [shared!, topic], PLAIN)
      return writer
    })
    publish(shared!)
    await vi.waitUntil(() => writers[0]!.deliveries.length > 0, { interval: 0 })
    expect(writers.at(-1)!.deliveries).toEqual([])
    publish(shared!)
    await vi.waitUntil(() => writers.every(({ prices }) => prices.length === 2))
    expect(writers[0]!.deliveries).toEqual([[1], [2]])
    expect(writers.at(-1)!.deliveries).toEqual([[1, 2]])
    fanout.close()
  })

  test('each client gets every event once, in order, however much comes', async () => {
    for (const maxUnflushedBytes of [2000, 1_000_000]) {
      const { fanout, publish } = fanoutOf(maxUnflushedBytes)
      const topics = topicsNamed(8)
      const writers = Array.from({ length: 12 }, (_, number) => {
        const writer = new SlowWriter()
        const followed = topics.filter((_topic, at) => at === number % 8 || ((number + 1) >> (at % 4)) & 1)
        fanout.audiences.add(writer, followed, PLAIN)
        return { writer, followed, expected: [] as number[] }
      })
      for (let round = 0; round < 150; round++) {
        const topic = topics[(round * 7) % 8]!
        const price = publish(topic)
        for (const { followed, expected } of writers) if (followed.includes(topic)) expected.push(price)
        if (round % 3 === 0) await turn()
      }
      await vi.waitUntil(() => writers.every(({ writer, expected }) => writer.prices.length >= expected.length))
      for (const { writer, expected } of writers) expect(writer.prices).toEqual(expected)
      fanout.close()
    }
  })
})
