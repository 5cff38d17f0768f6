import { expect, test } from 'vitest'
import { Supervisor } from '../../src/streams/supervisor.ts'
import { massive } from '../../src/streams/massive/feed.ts'
import type { SocketEvents } from '../../src/streams/socket.ts'
import { placeOf } from './massive/arrivals.ts'
import { SimulatedClock } from './simulated-clock.ts'

/** A vendor that publishes no price bands says nothing where it is asked for them. */
function vendorWithoutBands(clock: SimulatedClock) {
  const asked: string[] = []
  let connections = 0
  const open = (_endpoint: unknown, events: SocketEvents) => {
    connections++
    const say = (status: string, message: string) =>
      clock.after(5, () => events.received(JSON.stringify([{ ev: 'status', status, message }])))
    clock.after(5, () => events.opened())
    return {
      send(frame: string | Uint8Array) {
        const { action, params } = JSON.parse(String(frame)) as { action: string; params: string }
        if (action === 'auth') say('auth_success', 'authenticated')
        else asked.push(params)
        for (const parameter of action === 'auth' ? [] : params.split(',')) {
          if (!parameter.startsWith('LULD.')) say('success', `${action}d to: ${parameter}`)
        }
      },
      ping: () => void clock.after(5, () => events.ponged()),
      drop: () => undefined
    }
  }
  return { open, asked, connections: () => connections }
}

test('a channel that the vendor does not answer for is refused, and the connection with all else stays', () => {
  const clock = new SimulatedClock()
  const vendor = vendorWithoutBands(clock)
  let carried: ReadonlySet<string> = new Set()
  let refused: ReadonlyMap<string, string> = new Map()
  const supervisor = new Supervisor({
    feeds: [massive({ market: 'stocks', apiKey: () => 'k', placeOf })],
    fence: 1,
    open: vendor.open,
    clock,
    random: () => 0.5,
    phaseOf: () => 'closed',
    events: {
      mapped: () => undefined,
      changed: () => undefined,
      carrying(topics, refusals) {
        carried = topics
        refused = new Map(refusals)
      },
      gapBegan: () => undefined,
      gapEnded: () => undefined,
      notice: () => undefined
    }
  })
  supervisor.want(new Set(['trades:AAPL', 'halts:AAPL', 'halts:MSFT']))
  supervisor.start()
  clock.pass(120_000)
  expect(vendor.connections()).toBe(1)
  expect([...carried].sort()).toEqual(['bbo:SPY', 'trades:AAPL', 'trades:SPY'])
  expect([...refused]).toEqual([
    ['halts:AAPL', 'not_answered'],
    ['halts:MSFT', 'not_answered']
  ])
  expect(supervisor.status.state).toBe('live')
  expect(vendor.asked.filter((params) => params === 'LULD.AAPL')).toHaveLength(1)
  supervisor.close()
})
