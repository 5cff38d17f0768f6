import type { Caller, LiveContext } from './context.ts'
import type { ControlFrame } from './protocol.ts'
import { AUTHENTICATE_WITHIN_MS, Refused } from './refusals.ts'

/** What a client's frame may be known by, in its answer too. */
export type FrameId = string | number | undefined

/** The first frame of a connection. */
export function welcomeFrame(
  session: string,
  { hub, limits, heartbeatMs }: Pick<LiveContext, 'hub' | 'limits' | 'heartbeatMs'>,
  { binary, authenticated }: { binary: boolean; authenticated: boolean }
): ControlFrame {
  return {
    type: 'welcome',
    data: {
      session,
      encoding: binary ? 'binary' : 'json',
      epoch: hub.epoch,
      authenticated,
      ...(!authenticated && { authenticateWithinMs: AUTHENTICATE_WITHIN_MS }),
      heartbeatMs,
      limits
    }
  }
}

export function authenticatedFrame({ name, expiresAt }: Caller, id: FrameId): ControlFrame {
  const data = { user: name, ...(expiresAt !== Infinity && { expiresAt: new Date(expiresAt).toISOString() }) }
  return { type: 'authenticated', ...(id !== undefined && { id }), data }
}

/** `now` in epoch milliseconds. */
export function pongFrame(now: number, id: FrameId): ControlFrame {
  return { type: 'pong', ...(id !== undefined && { id }), data: { timestamp: new Date(now).toISOString() } }
}

/** `expiresAt` in epoch milliseconds. */
export function expiryNotice(expiresAt: number): ControlFrame {
  return { type: 'notice', data: { ...Refused.expiresSoon, details: { expiresAt: new Date(expiresAt).toISOString() } } }
}
