import { expect, test } from 'vitest'
import type { EventLog } from '../../src/log/log.ts'
import { quoteEvent, tradeEvent } from '../support/events.ts'
import { openLog, startLive, testLog } from '../support/live-server.ts'

const MAX_TOPICS = 300_000
const PASSING = 25_000

test('a process that carries as many topics as it can refuses more, and goes on with those it has', async () => {
  const { url, log } = await testLog()
  const server = await startLive(url)
  const { topics } = server.live.context.hub
  for (let at = 1; at < MAX_TOPICS; at++) topics.hold(topics.get(`trades:N${at}`))
  const client = server.connect()
  client.socket.once('open', () => client.subscribe(['AAPL', 'MSFT']))
  expect((await client.frame('error')).data).toMatchObject({
    code: 'TOPIC_LIMIT',
    details: { limit: MAX_TOPICS, asked: 2 }
  })
  client.subscribe(['AAPL'])
  await client.frame('snapshot')
  client.subscribe(['MSFT'])
  expect((await client.frame('error', 1)).data['code']).toBe('TOPIC_LIMIT')
  const other = server.connect()
  other.socket.once('open', () => other.subscribe(['AAPL']))
  await other.frame('snapshot')
  await log.append([quoteEvent('AAPL', 7), quoteEvent('MSFT', 7)])
  for (const each of [client, other]) expect((await each.frame('quote_update')).data['symbol']).toBe('AAPL')
  topics.release(topics.get('trades:N1'))
  client.subscribe(['MSFT'])
  expect((await client.frame('snapshot', 1)).data['quotes']).toMatchObject([{ symbol: 'MSFT', price: 7 }])
})

test('what is replayed for a client is not forgotten for others that come and go meanwhile', async () => {
  const { url } = await testLog()
  const log = await openLog(url)
  await log.append([tradeEvent('IBM', 1, 1)])
  const reading = Promise.withResolvers<void>()
  const goOn = Promise.withResolvers<void>()
  const read: EventLog['read'] = async (from, maxEntries) => {
    reading.resolve()
    await goOn.promise
    return log.read(from, maxEntries)
  }
  const server = await startLive(url, { log: { ...log, read } })
  const since = `${await log.epoch()}.0.${Date.now() - 600_000}-0.0`
  const client = server.connect()
  client.socket.once('open', () => client.subscribe(['AAPL'], { stream: 'trades', since }))
  await reading.promise
  const { topics } = server.live.context.hub
  for (let at = 0; at < PASSING; at++) topics.get(`quotes:N${at}`)
  await expect.poll(() => topics.size).toBeLessThan(PASSING)
  await log.append([tradeEvent('AAPL', 2, 1)])
  goOn.resolve()
  await client.frame('resumed')
  await log.append([tradeEvent('AAPL', 3, 1)])
  await client.frame('trade', 1)
  expect(client.ofType('trade').map(({ data }) => (data['trade'] as { price: number }).price)).toEqual([2, 3])
  expect(client.ofType('gap')).toEqual([])
})
