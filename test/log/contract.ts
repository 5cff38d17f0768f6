import { isDeepStrictEqual } from 'node:util'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { Following, Start } from '../../src/log/batch.ts'
import type { LogEntry } from '../../src/log/log-entry.ts'
import type { EventLog } from '../../src/log/log.ts'
import { shardOf } from '../../src/log/shard.ts'
import { beginningOf, compareRecord } from '../../src/log/positions.ts'
import { quoteEvent, tradeEvent } from '../support/events.ts'
import { following } from '../support/following.ts'
import { pricesIn, pricesOf } from './prices.ts'

/** Gives an empty log of its own to each call, of so many shards. */
export type OpenLog = (shards: number) => Promise<EventLog>

/** A log that several processes share, and that can lose all that it holds. */
export type SharedLog = {
  /** As a further process sees it. */
  open(): Promise<EventLog>
  /** Resolves when what is appended from now on stays. */
  empty(): Promise<void>
}

const eventsOf = (entries: readonly LogEntry[]) =>
  entries.flatMap((entry) =>
    Array.from({ length: entry.count }, (_, index) => ({
      topic: entry.topicOf(entry.row(index)),
      json: entry.event(index) as unknown
    }))
  )

function followed(log: EventLog) {
  const entries: LogEntry[] = []
  following(log, 'beginning', { entries: (read) => void entries.push(...read) })
  return { entries, events: () => eventsOf(entries) }
}

/** The next gap, or entries whose prices of a symbol are told. */
async function nextOf(follower: Following, symbol: string): Promise<(number | boolean)[]> {
  for (;;) {
    const { entries, gap } = (await follower.next()).value!
    const next = gap ? gap.losses.map(({ isMissing }) => isMissing) : pricesOf(entries, symbol)
    if (next.length > 0) return next
  }
}

/** What every implementation of the log is held to. */
export function describeLog(open: OpenLog, share: () => Promise<SharedLog>): void {
  describe('who follows a log that is emptied', () => {
    test('is told that nothing is missing where it had read all, whether producers write on, are silent, or have ended', async () => {
      const shared = await share()
      const [former, silent, ended, busy, reader] = await Promise.all(Array.from({ length: 5 }, () => shared.open()))
      await former!.append([tradeEvent('AAPL', 1, 1)])
      const { last } = await reader!.reach(0)
      const told: unknown[] = []
      following(reader!, [last!], {
        entries: (entries) => void told.push(...pricesOf(entries, 'AAPL')),
        replaced: (_, losses) => void told.push(...losses.map(({ isMissing }) => isMissing))
      })
      await ended!.append([tradeEvent('AAPL', 2, 1)])
      await ended!.close()
      await silent!.append([tradeEvent('AAPL', 3, 1)])
      await expect.poll(() => told).toEqual([2, 3])
      await shared.empty()
      await busy!.append([tradeEvent('AAPL', 4, 1)])
      await expect.poll(() => new Set(told)).toEqual(new Set([2, 3, 4, false]))
    })

    test('is told that something is missing where a producer has been silent since it wrote what nobody had read', async () => {
      const shared = await share()
      const [silent, reader] = await Promise.all([shared.open(), shared.open()])
      const follower = reader.follow('beginning')
      onTestFinished(async () => void (await follower.return()))
      await silent.append([tradeEvent('AAPL', 1, 1)])
      expect(await nextOf(follower, 'AAPL')).toEqual([1])
      await silent.append([tradeEvent('AAPL', 2, 1)])
      await shared.empty()
      expect(await nextOf(follower, 'AAPL')).toEqual([true])
      await silent.append([tradeEvent('AAPL', 3, 1)])
      expect(await nextOf(follower, 'AAPL')).toEqual([3])
    })
  })

  describe('whoever takes its time', () => {
    test('gets no more than it asked for, and what was not taken is where it goes on', async () => {
      const log = await open(3)
      const symbols = Array.from({ length: 12 }, (_, at) => `S${at}`)
      for (let price = 1; price <= 5; price++) await log.append(symbols.map((symbol) => tradeEvent(symbol, price, 1)))
      const taken = new Map(symbols.map((symbol) => [symbol, [] as number[]]))
      let from: Start = 'beginning'
      let left = symbols.length * 5
      while (left > 0) {
        let batches = 0
        for await (const batch of log.follow(from)) {
          // What a consumer fails with is not taken.
          if (++batches === 2) break
          for (const symbol of symbols) taken.get(symbol)!.push(...pricesOf(batch.entries, symbol))
          left -= batch.entries.reduce((sum, { count }) => sum + count, 0)
          expect(batch.appendedAt).toBeLessThanOrEqual(Date.now() + 1)
          from = batch.end
          if (left === 0) break
        }
      }
      for (const prices of taken.values()) expect(prices).toEqual([1, 2, 3, 4, 5])
    })

    test('gets nothing of before where it follows from now on', async () => {
      const log = await open(1)
      await log.append([tradeEvent('AAPL', 1, 1)])
      const follower = log.follow('now')
      const first = nextOf(follower, 'AAPL')
      await expect.poll(() => follower.isConnected).toBe(true)
      const stop = new AbortController()
      await expect
        .poll(async () => {
          await log.append([tradeEvent('AAPL', 2, 1)])
          return Promise.race([first.then(() => true), new Promise((resolve) => setTimeout(resolve, 50))])
        })
        .toBe(true)
      expect((await first)[0]).toBe(2)
      await follower.return()
      expect(await follower.next()).toEqual({ value: undefined, done: true })
      const stopped = log.follow('now', { signal: stop.signal })
      const next = stopped.next()
      stop.abort()
      expect(await next).toEqual({ value: undefined, done: true })
    })
  })

  test('who follows gets what comes although the clock of the log is behind its own', async () => {
    const log = await open(1)
    await log.append([tradeEvent('AAPL', 1, 1)])
    const prices: number[] = []
    const epochs: string[] = []
    following(log, [await log.at(0, Date.now() + 3_600_000)], {
      entries: (entries) => void prices.push(...pricesOf(entries, 'AAPL')),
      replaced: (epoch) => void epochs.push(epoch)
    })
    await expect
      .poll(async () => {
        await log.append([tradeEvent('AAPL', 2, 1)])
        return prices.length
      })
      .toBeGreaterThan(0)
    expect(prices[0]).toBe(2)
    expect(epochs).toEqual([])
  })

  test('an instant is found among those when events came, and how far the log reaches is told', async () => {
    const log = await open(1)
    expect(await log.reach(0)).toMatchObject({ last: undefined, isWhole: true })
    await log.append([tradeEvent('AAPL', 1, 1)])
    const { last } = await log.reach(0)
    const between = log.timeOf(last!) + 1
    await expect
      .poll(async () => {
        await log.append([tradeEvent('AAPL', 2, 1)])
        return log.timeOf((await log.reach(0)).last!)
      })
      .toBeGreaterThan(between)
    const { firstAt, isWhole } = await log.reach(0)
    expect(firstAt).toBe(log.timeOf(last!))
    expect(isWhole).toBe(true)
    const since = await log.read(await log.at(0, between), 1000)
    expect(
      pricesOf(
        since.filter((entry) => compareRecord(entry, 0, last!) > 0),
        'AAPL'
      )[0]
    ).toBe(2)
    expect(await log.reachSeconds()).toBeGreaterThan(0)
    expect(log.timeOf(beginningOf(0))).toBe(0)
  })

  test('of an append with an impossible event nothing is written, and others are not held up', async () => {
    const log = await open(1)
    const appended = log.append([tradeEvent('AAPL', 1, 1), quoteEvent('AAPL', 2, { name: 'x'.repeat(5_000_000) })])
    await expect(appended).rejects.toThrow(/too large/)
    await log.append([tradeEvent('AAPL', 3, 1)])
    expect(await pricesIn(log, 'AAPL')).toEqual([3])
    expect(log.stats).toMatchObject({ appended: 1, failed: 2, waitingBytes: 0 })
  })

  test('events as large as the log takes are there as they were', async () => {
    const log = await open(1)
    const sized = (bytes: number) => quoteEvent('PAD', bytes, { name: 'ü'.repeat(bytes / 2) })
    const large = sized(3_000_000)
    await Promise.all([log.append([large, tradeEvent('AAPL', 1, 1)]), log.append([sized(200_000)])])
    await log.append([tradeEvent('AAPL', 2, 1)])
    const { events } = followed(log)
    await expect.poll(() => events().length).toBe(4)
    expect(isDeepStrictEqual(events()[0]!.json, large)).toBe(true)
    expect(await pricesIn(log, 'AAPL')).toEqual([1, 2])
  })

  describe('events', () => {
    test('gives back every event as it was, in order, and writes those of one turn together', async () => {
      const log = await open(1)
      const { entries, events } = followed(log)
      const sent = Array.from({ length: 300 }, (_, at) =>
        quoteEvent(at % 2 ? 'AAPL' : 'NSE:M&M', at, { name: 'Größe – 株' })
      )
      await Promise.all(sent.map((event) => log.append([event])))
      await expect.poll(() => events().length).toBe(300)
      expect(events().map(({ json }) => json)).toEqual(sent)
      expect(events()[0]!.topic).toBe('quotes:NSE:M&M')
      expect(entries.length).toBeLessThan(4)
      expect(entries.every(({ bytes }) => bytes.length < 80_000)).toBe(true)
    })

    test('keeps the order of a symbol over all shards, its quotes among its trades', async () => {
      const log = await open(4)
      const { events } = followed(log)
      const symbols = Array.from({ length: 40 }, (_, at) => `S${at}`)
      for (let price = 1; price <= 20; price++) {
        const events = symbols.flatMap((symbol) => [quoteEvent(symbol, price), tradeEvent(symbol, price, price)])
        await log.append(events)
      }
      await expect.poll(() => events().length).toBe(40 * 40)
      for (const symbol of symbols) {
        const own = events().filter(({ topic }) => topic.endsWith(`:${symbol}`))
        expect(own.map(({ topic }) => topic.split(':')[0])).toEqual(
          Array.from({ length: 20 }, () => ['quotes', 'trades']).flat()
        )
      }
      expect(new Set(symbols.map((symbol) => shardOf(`quotes:${symbol}`, 4))).size).toBe(4)
    })
  })
}
