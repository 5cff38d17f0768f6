import { Counter, Gauge, type Registry } from 'prom-client'

const STATES = [
  'connecting',
  'authenticated',
  'subscribing',
  'live',
  'mute',
  'interrupted',
  'cooling_down',
  'stopped'
] as const

export type StreamCount = { readonly labels: Readonly<Record<string, string>>; readonly count: number }

/** What the process that owns vendors' streams tells of them. */
export type StreamSources = {
  readonly statuses: () => readonly {
    readonly feed: string
    readonly state: (typeof STATES)[number]
    readonly wanted: number
    readonly carried: number
    readonly connections: number
    readonly lastEventAt?: number
  }[]
  /** By stream, type and outcome. */
  readonly events: () => readonly StreamCount[]
  /** By stream, reason and kind. */
  readonly refusals: () => readonly StreamCount[]
}

export function createStreamGauges(registers: Registry[]): (sources: { streams?: StreamSources }) => Promise<void> {
  const labelNames = ['stream'] as const
  const state = new Gauge({
    name: 'quotewire_stream_state',
    help: '1 for the state that a stream is in',
    labelNames: ['stream', 'state'],
    registers
  })
  const subscriptions = new Gauge({
    name: 'quotewire_stream_subscriptions',
    help: 'Topics that a stream is asked for, and that its vendor has acknowledged',
    labelNames: ['stream', 'kind'],
    registers
  })
  const connections = new Counter({
    name: 'quotewire_stream_connections_total',
    help: 'Connections to a vendor that were begun',
    labelNames,
    registers
  })
  const age = new Gauge({
    name: 'quotewire_stream_last_event_age_seconds',
    help: 'How long ago a stream brought something',
    labelNames,
    registers
  })
  const events = new Counter({
    name: 'quotewire_stream_events_total',
    help: 'Events that a stream brought, by what became of them',
    labelNames: ['stream', 'type', 'outcome'],
    registers
  })
  const refusals = new Counter({
    name: 'quotewire_stream_refusals_total',
    help: 'Messages of a vendor of which no event was made, and unknown fields of others, by why',
    labelNames: ['stream', 'reason', 'kind'],
    registers
  })
  return async ({ streams }) => {
    if (!streams) return
    for (const metric of [state, subscriptions, connections, age, events, refusals]) metric.reset()
    for (const { feed: stream, ...status } of streams.statuses()) {
      for (const each of STATES) state.set({ stream, state: each }, each === status.state ? 1 : 0)
      subscriptions.set({ stream, kind: 'wanted' }, status.wanted)
      subscriptions.set({ stream, kind: 'carried' }, status.carried)
      connections.inc({ stream }, status.connections)
      if (status.lastEventAt !== undefined) age.set({ stream }, (Date.now() - status.lastEventAt) / 1000)
    }
    for (const { labels, count } of streams.events()) events.inc(labels, count)
    for (const { labels, count } of streams.refusals()) refusals.inc(labels, count)
  }
}
