import { readdirSync, readFileSync } from 'node:fs'
import { expect, onTestFinished, test } from 'vitest'
import { createClient, type StreamEvent, type SubscriptionState } from '../../src/client/client.ts'
import { tradeEvent } from '../support/events.ts'
import { accepted, startScripted, welcome } from './scripted-server.ts'

const SYMBOLS = { symbols: ['A', 'B'], stream: 'trades' } as const
const snapshot = { type: 'snapshot', data: { stream: 'trades', trades: [] }, cursor: 'c1' }
const trade = (symbol: string, cursor: string) => ({ ...tradeEvent(symbol, 1, 1), cursor })

/** Follows two symbols until the test is over, and keeps what is told. */
function follow(url: string) {
  const events: StreamEvent[] = []
  const states: SubscriptionState[] = []
  const callbacks = {
    onEvent: (event: StreamEvent) => events.push(event),
    onState: (state: SubscriptionState) => states.push(state)
  }
  const subscription = createClient({ url, key: 'k' }).subscribe(SYMBOLS, callbacks)
  onTestFinished(() => subscription.close())
  return { events, states, subscription }
}

test('frames that it does not know, and what is no frame at all, are passed over', async () => {
  const { url } = await startScripted({
    connected: (line) => line.say('not JSON', Buffer.from([2, 0]), 'null', '[null,{"no":"type"}]', welcome()),
    sent: (line, frame) =>
      line.say(
        accepted(frame),
        { type: 'weather', data: { symbol: 'A' }, cursor: 'c0' },
        { type: 'later' },
        [snapshot, trade('A', 'c2')],
        trade('C', 'c3')
      )
  })
  const { events } = follow(url)
  await expect.poll(() => events.map(({ type }) => type)).toEqual(['subscribed', 'snapshot', 'trade'])
})

test('a server that is silent is asked whether it lives, and left where it does not answer', async () => {
  const { url, frames } = await startScripted({
    connected: (line) => line.say(welcome(50)),
    sent: (line, frame) => {
      if (frame.type === 'subscribe') line.say(accepted(frame), snapshot)
    }
  })
  const { states } = follow(url)
  await expect.poll(() => states).toMatchObject([{ state: 'open' }, { state: 'lost', reason: 'no sign of life' }])
  expect(frames.map(({ type }) => type)).toContain('ping')
})

test('codes from 4500 on end it with the reason, also while it connects; others do not', async () => {
  const { url } = await startScripted({
    connected(line, count) {
      if (count < 3) return line.end(count === 1 ? 1011 : 4005, 'not now')
      line.say({ type: 'error', data: { code: 'NOT_AUTHENTICATED', message: 'This key was revoked' } })
      line.end(4500, 'not authenticated')
    }
  })
  const { states } = follow(url)
  await expect.poll(() => states).toHaveLength(3)
  expect(states).toMatchObject([
    { state: 'lost', reason: 'not now', code: 1011 },
    { state: 'lost', code: 4005, retryInMs: expect.any(Number) as number },
    {
      state: 'ended',
      error: { code: 'NOT_AUTHENTICATED', message: 'This key was revoked', details: { closeCode: 4500 } }
    }
  ])
})

test('a replay that could not go on is asked for again from where it ended, and what came is not asked for again', async () => {
  let asked = 0
  const { url, frames } = await startScripted({
    connected: (line) => line.say(welcome()),
    sent(line, frame) {
      if (++asked === 1)
        return (line.say(accepted(frame), snapshot, trade('B', 'c2'), trade('A', 'c3')), line.end(4001))
      const { data, id } = frame
      const group = { type: data['type'], stream: data['stream'] }
      if (asked === 2) {
        const details = { ...group, removed: ['A', 'B'], since: 'c5', count: 0 }
        return line.say(accepted(frame), trade('A', 'c4'), {
          type: 'error',
          id,
          data: { code: 'LOG_UNREADABLE', message: 'later', details }
        })
      }
      line.say(accepted(frame), trade('B', 'c6'), { type: 'resumed', data: { ...group, replayed: 1 }, cursor: 'c7' })
    }
  })
  const { events } = follow(url)
  await expect.poll(() => events.at(-1)?.type).toBe('resumed')
  expect(frames.map(({ data }) => data['since'])).toEqual([undefined, 'c3', 'c5'])
  expect(events.flatMap((event) => (event.type === 'trade' ? event.cursor : []))).toEqual(['c2', 'c3', 'c4', 'c6'])
})

test('who asks again for what it follows, in whatever spelling, misses nothing of it', async () => {
  const { url, frames } = await startScripted({
    connected: (line) => line.say(welcome()),
    sent(line, frame) {
      const requested = (frame.data['symbols'] as string[]).includes('a') ? { a: 'A' } : undefined
      const { data, ...answer } = accepted(frame) as { data: object }
      line.say(trade('A', 'c2'), { ...answer, data: { ...data, requested } }, trade('A', 'c3'), {
        ...snapshot,
        cursor: 'c4'
      })
    }
  })
  const { events, subscription } = follow(url)
  const told = () => events.flatMap((event) => (event.type === 'trade' ? event.cursor : []))
  await expect.poll(() => events.at(-1)?.type).toBe('snapshot')
  expect(told()).toEqual([])
  subscription.add(['A', 'a', 'C'])
  await expect.poll(() => frames).toHaveLength(2)
  await expect.poll(() => told()).toEqual(['c2', 'c3'])
})

test('more symbols than fit into a frame come in several; until all are resumed no cursor passes what is missing', async () => {
  const symbols = Array.from({ length: 1000 }, (_, at) => `S${at}`)
  const replays: string[] = []
  const { url, frames } = await startScripted({
    connected: (line) => line.say(welcome()),
    sent(line, frame) {
      const names = frame.data['symbols'] as string[]
      if (frame.data['since'] === undefined) {
        line.say(accepted(frame), { ...snapshot, cursor: `c${names.at(-1)}` })
        if (!names.includes('S999')) return
        line.say(trade('S0', 'live'))
        return line.end(4008)
      }
      replays.push(names[0]!)
      const { type, stream } = frame.data
      line.say(accepted(frame), trade(names[0]!, `r${replays.length}`), trade('S1', `l${replays.length}`))
      line.say({ type: 'resumed', data: { type, stream, replayed: 1 }, cursor: `end${replays.length}` })
    }
  })
  const cursors: string[] = []
  const subscription = createClient({ url, key: 'k' }).subscribe(
    { symbols, stream: 'trades' },
    { onEvent: (event) => event.type === 'trade' && cursors.push(event.cursor) }
  )
  onTestFinished(() => subscription.close())
  await expect.poll(() => replays).toHaveLength(2)
  await expect.poll(() => cursors).toHaveLength(5)
  for (const frame of frames) expect(JSON.stringify(frame).length).toBeLessThan(16_384)
  const resumed = frames.filter(({ data }) => data['since'] !== undefined)
  expect(resumed.map(({ data }) => data['since'])).toEqual(['live', 'live'])
  expect(resumed.flatMap(({ data }) => data['symbols']).length).toBe(1000)
  expect(cursors).toEqual(Array(5).fill('live'))
})

test('a loop that is left, closed or aborted ends, before, while and after it connects, and nothing is heard of it again', async () => {
  const { url } = await startScripted({
    connected: (line) => line.say(welcome()),
    sent: (line, frame) => line.say(accepted(frame), snapshot)
  })
  const client = createClient({ url, key: 'k' })
  const nowhere = createClient({ url: 'http://127.0.0.1:1', key: 'k' })
  const eventsOf = async (stream: AsyncIterable<StreamEvent>) => {
    let count = 0
    for await (const _ of stream) count++
    return count
  }

  expect(await eventsOf(client.stream({ ...SYMBOLS, signal: AbortSignal.abort() }))).toBe(0)
  const unread = client.stream(SYMBOLS)
  unread.close()
  expect(await eventsOf(unread)).toBe(0)
  for (const each of [client, nowhere]) {
    const leaving = new AbortController()
    const stream = each.stream({ ...SYMBOLS, signal: leaving.signal })
    const first = stream.next()
    await Promise.resolve()
    leaving.abort()
    expect(await first).toEqual({ done: true, value: undefined })
    expect(await eventsOf(stream)).toBe(0)
  }
  const read: string[] = []
  for await (const { type } of client.stream(SYMBOLS)) {
    read.push(type)
    if (type === 'snapshot') break
  }
  expect(read).toEqual(['connection', 'subscribed', 'snapshot'])
})

test('what a callback throws is its own: the stream goes on', async () => {
  const { url } = await startScripted({
    connected: (line) => line.say(welcome()),
    sent: (line, frame) => line.say(accepted(frame), snapshot, trade('A', 'c2'))
  })
  const thrown: unknown[] = []
  const listeners = process.listeners('uncaughtException')
  process.removeAllListeners('uncaughtException')
  process.on('uncaughtException', (error) => thrown.push(error))
  onTestFinished(() => {
    process.removeAllListeners('uncaughtException')
    for (const listener of listeners) process.on('uncaughtException', listener)
  })
  const events: string[] = []
  const subscription = createClient({ url, key: 'k' }).subscribe(SYMBOLS, {
    onEvent({ type }) {
      events.push(type)
      if (type === 'snapshot') throw new Error('mine')
    }
  })
  onTestFinished(() => subscription.close())
  await expect.poll(() => events).toEqual(['subscribed', 'snapshot', 'trade'])
  await expect.poll(() => thrown).toEqual([new Error('mine')])
})

test('no clock of the machine is asked: one that is wrong changes nothing', () => {
  const sources = readdirSync('src/client').filter((file) => file.endsWith('.ts'))
  for (const file of sources)
    expect([file, /\bDate\b/.test(readFileSync(`src/client/${file}`, 'utf8'))]).toEqual([file, false])
})
