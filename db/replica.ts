import { setTimeout as delay } from 'node:timers/promises'
import type { Logger } from 'pino'
import { withTimeout } from '../src/timeout.ts'
import type { Database } from './client.ts'

const LOOK_INTERVAL_MS = 2000
const LOOK_TIMEOUT_MS = 2000

export type Replica = {
  /** Whether it holds all that the primary held at the look before the last: it is some four seconds behind at most. */
  readonly keepsUp: () => boolean
  /** Rejects with why it does not. */
  readonly check: () => Promise<void>
  readonly close: () => Promise<void>
}

export type ReplicaOptions = {
  readonly primary: Database
  readonly replica: Database
  readonly log: Pick<Logger, 'info' | 'warn'>
}

type Held = { readonly isStandby: boolean; readonly server: string; readonly reached: boolean | null }
type Position = { readonly server: string; readonly lsn: string }

/**
 * Looks every two seconds whether a streaming replica of the primary has replayed what the primary had written at the look
 * before. While the primary is away the replica keeps up as long as it holds what the primary told last.
 */
export function watchReplica({ primary, replica, log }: ReplicaOptions): Replica {
  const stopping = new AbortController()
  let written: Position | undefined
  let problem: string | undefined = 'has not been looked at yet'

  async function look(): Promise<void> {
    const found = written && (await inTime(replayed(replica, written)).catch(() => 'does not answer'))
    tell(found)
    written = await inTime(positionOf(primary)).catch(() => written)
  }

  function tell(found: string | undefined): void {
    const now = written ? found : problem
    if (now === problem) return
    if (now) log.warn({ why: now }, 'the replica of Postgres is not read: the primary answers all')
    else log.info('the replica of Postgres answers what is read of stored data')
    problem = now
  }

  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      await look()
      await delay(LOOK_INTERVAL_MS, undefined, { signal: stopping.signal, ref: false }).catch(() => undefined)
    }
  }
  const running = run()

  return {
    keepsUp: () => problem === undefined,
    check: async () => {
      if (problem) throw new Error(`The replica ${problem}`)
    },
    async close() {
      stopping.abort()
      await running
    }
  }
}

/** What is wrong with a replica at first sight: undefined where it is a standby of this primary, however far behind. */
export async function replicaProblem(primary: Database, replica: Database): Promise<string | undefined> {
  const { server } = await positionOf(primary)
  return replayed(replica, { server, lsn: '0/0' })
}

async function positionOf({ sql }: Database): Promise<Position> {
  const [position] = await sql<[Position]>`
    select system_identifier::text as server, pg_current_wal_lsn()::text as lsn from pg_control_system()`
  return position
}

/** What is wrong with it; undefined where it holds all that the primary had written. */
async function replayed({ sql }: Database, { server, lsn }: Position): Promise<string | undefined> {
  const [held] = await sql<[Held]>`
    select pg_is_in_recovery() as "isStandby", system_identifier::text as server,
      pg_last_wal_replay_lsn() >= ${lsn}::pg_lsn as reached
    from pg_control_system()`
  if (held.server !== server) return 'belongs to another primary'
  if (!held.isStandby) return 'is no standby'
  return held.reached ? undefined : 'is behind'
}

function inTime<T>(work: Promise<T>): Promise<T> {
  return withTimeout(work, LOOK_TIMEOUT_MS, () => {
    throw new Error('late')
  })
}
