import { Counter, Gauge, type Registry } from 'prom-client'
import type { LiveCounts } from '../hub/stats.ts'

export type LiveSource = { readonly stats: LiveCounts }
export type SocketIoSource = {
  readonly stats: {
    readonly messages: number
    readonly conflated: number
    readonly namespaces: readonly { namespace: string; connections: number; subscriptions: number }[]
  }
}

/** What the live side counts in plain memory, read when it is scraped. */
export function createLiveGauges(registers: Registry[]): (sources: { live?: LiveSource }) => Promise<void> {
  const gauge = (name: string, help: string) => new Gauge({ name: `quotewire_ws_${name}`, help, registers })
  const counter = (name: string, help: string) => new Counter({ name: `quotewire_ws_${name}_total`, help, registers })
  const now = {
    connections: gauge('connections', 'Open WebSocket connections'),
    users: gauge('users', 'Users with a connection'),
    subscriptions: gauge('subscriptions', 'Subscriptions of all connections')
  }
  const sinceStart = {
    messages: counter('messages', 'Messages sent to clients'),
    bytes: counter('sent_bytes', 'Bytes sent to clients'),
    received: counter('received_frames', 'Frames received from clients'),
    conflated: counter('conflated_values', 'Values passed over because a newer one came first'),
    slow: counter('slow_clients', 'Times that a client fell behind'),
    resumed: counter('resumed', 'Subscriptions that resumed by a cursor'),
    replayed: counter('replayed_events', 'Events sent again for those that resumed'),
    gaps: counter('gaps', 'Gaps that clients were told of')
  }
  const closed = new Counter({
    name: 'quotewire_ws_closed_total',
    help: 'Connections ended by the server',
    labelNames: ['code'],
    registers
  })
  const logConnected = new Gauge({ name: 'quotewire_log_up', help: '1 where the log can be read', registers })

  return async ({ live }) => {
    if (!live) return
    const { stats } = live
    for (const [name, metric] of Object.entries(now)) metric.set(stats[name as keyof typeof now])
    for (const [name, metric] of Object.entries(sinceStart)) {
      metric.reset()
      metric.inc(stats[name as keyof typeof sinceStart])
    }
    closed.reset()
    for (const [code, count] of Object.entries(stats.closedByCode)) closed.inc({ code }, count)
    logConnected.set(stats.log.connected ? 1 : 0)
  }
}

/** The same of Socket.IO clients, where they are served. */
export function createSocketIoGauges(registers: Registry[]): (sources: { socketIo?: SocketIoSource }) => Promise<void> {
  const name = (what: string) => `quotewire_socketio_${what}`
  const labelNames = ['namespace'] as const
  const connections = new Gauge({ name: name('connections'), help: 'Open connections', labelNames, registers })
  const subscriptions = new Gauge({ name: name('subscriptions'), help: 'Symbols subscribed to', labelNames, registers })
  const messages = new Counter({ name: name('messages_total'), help: 'Messages sent to clients', registers })
  const conflated = new Counter({
    name: name('conflated_values_total'),
    help: 'Values passed over because a newer one came first',
    registers
  })
  return async ({ socketIo }) => {
    if (!socketIo) return
    const { stats } = socketIo
    for (const each of stats.namespaces) {
      connections.set({ namespace: each.namespace }, each.connections)
      subscriptions.set({ namespace: each.namespace }, each.subscriptions)
    }
    messages.reset()
    messages.inc(stats.messages)
    conflated.reset()
    conflated.inc(stats.conflated)
  }
}

const LAG_METRIC = 'quotewire_ws_lag_seconds'

/** The lag as a Prometheus histogram. */
export function renderLag({ stats: { lag } }: LiveSource): string {
  let total = 0
  const buckets = lag.buckets.map(({ upToMs, count }) => {
    total += count
    return `${LAG_METRIC}_bucket{le="${upToMs === undefined ? '+Inf' : upToMs / 1000}"} ${total}`
  })
  return [
    `# HELP ${LAG_METRIC} From the append of an event to the log until the write to clients`,
    `# TYPE ${LAG_METRIC} histogram`,
    ...buckets,
    `${LAG_METRIC}_sum ${lag.sumMs / 1000}`,
    `${LAG_METRIC}_count ${lag.count}`,
    ''
  ].join('\n')
}
