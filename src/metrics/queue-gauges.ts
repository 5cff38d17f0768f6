import { Gauge, type Registry } from 'prom-client'
import type { JobAdministration } from '../jobs/administration.ts'

export type QueueSource = Pick<JobAdministration, 'queueStatuses' | 'schedules'>

/** What the queues hold and whether schedules are kept, for all processes together. */
export function createQueueGauges(registers: Registry[]): (sources: { jobs?: QueueSource }) => Promise<void> {
  const depth = new Gauge({
    name: 'quotewire_queue_jobs',
    help: 'Jobs in a queue, by state; of all processes together',
    labelNames: ['queue', 'state'],
    registers
  })
  const paused = new Gauge({
    name: 'quotewire_queue_paused',
    help: '1 where an operator paused the queue',
    labelNames: ['queue'],
    registers
  })
  const workers = new Gauge({
    name: 'quotewire_queue_workers',
    help: 'Processes that work a queue',
    labelNames: ['queue'],
    registers
  })
  const lag = new Gauge({
    name: 'quotewire_scheduler_lag_seconds',
    help: 'By how much the next run of a schedule is overdue',
    labelNames: ['schedule'],
    registers
  })
  return async ({ jobs }) => {
    for (const { name: queue, isPaused, workers: count, ...states } of (await jobs?.queueStatuses().catch(none)) ??
      []) {
      for (const [state, jobsInState] of Object.entries(states)) depth.set({ queue, state }, jobsInState)
      paused.set({ queue }, isPaused ? 1 : 0)
      workers.set({ queue }, count)
    }
    for (const { id, lagMs } of (await jobs?.schedules().catch(none)) ?? []) {
      if (lagMs !== undefined) lag.set({ schedule: id }, lagMs / 1000)
    }
  }
}

const none = () => undefined
