import { setTimeout as delay } from 'node:timers/promises'
import type { Client, Gets } from '../client/client.ts'
import { defineCommand } from './command.ts'
import { connect, SERVER_OPTIONS } from './connection.ts'
import { ExitCode } from './exit-code.ts'
import { CommandFailure, UsageError } from './failure.ts'
import { ADJUSTMENTS, INTERVALS } from './history.ts'
import { interruptible } from './interruption.ts'
import { warn } from './listing.ts'
import { ProgressBar } from './progress-bar.ts'

const LOOK_AGAIN_MS = 250
const ENDED = new Set(['completed', 'failed', 'removed'])

type Task = Gets['/api/v1/market/jobs/{taskId}']['answer']
/** What the job says of itself: pieces that are done, of all; bars that are stored; and the symbols of pieces that failed. */
type Progress = Partial<{
  readonly done: number
  readonly total: number
  readonly symbol: string
  readonly items: number
  readonly failures: number
  readonly failed: readonly string[]
}>

export const backfill = defineCommand({
  name: 'backfill',
  summary: 'Has the server fetch bars of a past range into its store, and shows how far it is',
  notes: [
    'It needs a key with admin:read and admin:write. Ctrl-C ends the watching, not the work: the server goes on, also over',
    'its own restarts. The exit code is 1 where not all bars could be had.'
  ],
  examples: ['quotewire backfill AAPL MSFT --from 2020-01-01'],
  operands: { name: 'SYMBOL', description: 'Canonical, up to 2000 of them', min: 1, max: 2000 },
  options: {
    from: { type: 'text', value: 'DAY', description: 'The first day' },
    to: { type: 'text', value: 'DAY', default: 'today', description: 'The last day' },
    interval: { type: 'text', choices: INTERVALS, default: '1d', description: 'Length of a bar' },
    adjusted: { type: 'text', choices: ADJUSTMENTS, default: 'splits', description: 'What prices are adjusted for' },
    ...SERVER_OPTIONS
  },
  async run({ operands, options }) {
    const { from, to, interval = '1d', adjusted } = options
    if (from === undefined) throw new UsageError('--from is missing: the first day, as 2020-01-01')
    const client = await connect(options)
    const payload = { symbols: operands, interval, from, to, adjusted }
    const { taskId } = await client.post('/api/v1/market/jobs', { body: { job: 'backfill-history', payload } })
    return interruptible((signal) => watch(client, taskId, signal))
  }
})

async function watch(client: Client, taskId: string, signal: AbortSignal): Promise<number> {
  const bar = new ProgressBar('backfill')
  try {
    for (;;) {
      const task = await client.get('/api/v1/market/jobs/{taskId}', { path: { taskId }, signal })
      const { done, total, symbol } = (task.progress ?? {}) as Progress
      const share = done === undefined || total === undefined ? undefined : done / total
      bar.show(share, symbol ?? `${task.state}, task ${taskId}`)
      if (ENDED.has(task.state)) return outcomeOf(task, bar)
      await delay(LOOK_AGAIN_MS, undefined, { signal })
    }
  } finally {
    bar.end()
  }
}

function outcomeOf({ state, error, progress, runs }: Task, bar: ProgressBar): number {
  bar.end()
  if (state !== 'completed') throw new CommandFailure(ExitCode.failed, error ?? `The task has ${state}`)
  const { items = 0, failures = 0, failed = [] } = (progress ?? {}) as Progress
  const note = runs[0]?.note ?? (failures > 0 ? `not all bars of ${failed.join(', ')}` : undefined)
  warn(`${items} bars are stored${note === undefined ? '' : `; ${note}`}`)
  return failures > 0 ? ExitCode.failed : ExitCode.ok
}
