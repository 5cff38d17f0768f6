import type { ProblemKind } from './feed.ts'

/**
 * `connecting`: on the way to an authenticated connection; `authenticated`: known to the vendor, and nothing is wanted;
 * `subscribing`: not all that is wanted is acknowledged; `live`: all of it is; `mute`: connected, acknowledged, and silent
 * when it should not be; `cooling_down`: waits for the next attempt; `stopped`: nothing is attempted until a person changes
 * something, or the process ends.
 */
export type StreamState = 'connecting' | 'authenticated' | 'subscribing' | 'live' | 'mute' | 'cooling_down' | 'stopped'

export type StreamStatus = {
  readonly state: StreamState
  /** Epoch milliseconds. */
  readonly since: number
  /** The feed that is, or is to be, connected to. */
  readonly feed: string
  /** One sentence for people. */
  readonly text: string
  readonly wanted: number
  readonly carried: number
  /** Epoch milliseconds of the last event; absent before the first one. */
  readonly lastEventAt?: number
  /** Of the last failure, until the stream is live again. */
  readonly problem?: ProblemKind
  /** Connections that were begun. */
  readonly connections: number
}

export type StatusParts = Omit<StreamStatus, 'text'> & {
  /** Why it waits or stopped. */
  readonly reason: string | undefined
  /** Epoch milliseconds of the next attempt. */
  readonly nextAttemptAt: number | undefined
}

/** Tells the state to a person at an instant (epoch ms). */
export function sentenceOf(parts: StatusParts, now: number): string {
  const { state, feed, reason, nextAttemptAt, wanted, carried, problem } = parts
  switch (state) {
    case 'connecting':
      return `${feed}: connecting`
    case 'authenticated':
      return `${feed}: connected; nobody wants anything of it`
    case 'subscribing':
      return `${feed}: waits for the vendor to acknowledge ${wanted - carried} of ${wanted} subscriptions`
    case 'live':
      return `${feed}: live with ${carried} subscriptions`
    case 'mute':
      return `${feed}: connected, but silent when it should not be${reason === undefined ? '' : `; ${reason}`}`
    case 'stopped':
      return `${feed}: stopped${reason === undefined ? '' : `, ${reason}`}`
    case 'cooling_down': {
      const seconds = Math.max(0, Math.ceil(((nextAttemptAt ?? now) - now) / 1000))
      if (problem === 'capacity')
        return `${feed}: ${reason ?? 'the vendor is full'}, ${seconds} s until the next attempt`
      return `${feed}: ${reason ?? 'disconnected'}; next attempt in ${seconds} s`
    }
  }
}
