import { Counter, Gauge, type Registry } from 'prom-client'

export type LogSource = {
  readonly stats: {
    readonly appended: number
    readonly bytes: number
    readonly failed: number
    readonly waitingBytes: number
  }
  reachSeconds(): Promise<number>
}

/** What this process appends to the event log, be it an API process or a worker. */
export function createLogGauges(registers: Registry[]): (sources: { eventLog?: LogSource }) => Promise<void> {
  const events = new Counter({
    name: 'quotewire_log_events_total',
    help: 'Events appended to the log; or refused, or not known to be in it',
    labelNames: ['result'],
    registers
  })
  const bytes = new Counter({ name: 'quotewire_log_bytes_total', help: 'Bytes appended to the log', registers })
  const waiting = new Gauge({
    name: 'quotewire_log_waiting_bytes',
    help: 'Events that wait to be taken by the log; above 64 MiB more are refused',
    registers
  })
  const reach = new Gauge({
    name: 'quotewire_log_reach_seconds',
    help: 'How far back the event log reaches if events go on coming as they do',
    registers
  })
  return async ({ eventLog }) => {
    if (!eventLog) return
    const { stats } = eventLog
    events.reset()
    events.inc({ result: 'appended' }, stats.appended)
    events.inc({ result: 'failed' }, stats.failed)
    bytes.reset()
    bytes.inc(stats.bytes)
    waiting.set(stats.waitingBytes)
    const seconds = await eventLog.reachSeconds().catch(() => undefined)
    if (seconds === undefined) reach.remove()
    else reach.set(seconds)
  }
}
