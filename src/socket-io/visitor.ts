import type { Socket } from 'socket.io'
import type { Config } from '../config/config.ts'
import type { Caller } from '../hub/context.ts'
import { addressIn, networkOf } from '../auth/network.ts'
import { payFor, REPLAYED_BYTES_PER_REQUEST } from '../auth/payment.ts'
import type { Bucket } from '../auth/rate-limiter.ts'

type Handshake = Socket['handshake']
type Origin = Pick<Handshake, 'address' | 'headers'>

/** Who speaks on a Socket.IO connection, and what it may hold in this process together with its other connections. */
export type Visitor = Caller & {
  readonly isAnonymous: boolean
  readonly connections: number
  readonly subscriptions: number
}

/** Of the process's connections so many may be of anonymous clients. */
export const ANONYMOUS_SHARE = 0.8
/** Of all anonymous clients of one address. */
const ANONYMOUS_CONNECTIONS = 10
const ANONYMOUS_SUBSCRIPTIONS = 100
const BEARER = /^Bearer (\S+)$/i

/**
 * The key, token or ticket of a handshake: in its `auth`, in the query or in a header. What is no text is none that counts.
 */
export function tokenOf({ auth, query, headers }: Handshake): string | undefined {
  const { token, ticket } = auth as { token?: unknown; ticket?: unknown }
  const byAuth = token ?? ticket
  if (byAuth !== undefined) return typeof byAuth === 'string' ? byAuth : ''
  const byQuery = query['ticket'] ?? query['token']
  if (byQuery !== undefined) return String(byQuery)
  const byHeader = BEARER.exec(headers.authorization ?? '')?.[1] ?? headers.authorization
  return byHeader ?? [headers['x-api-key'] ?? []].flat()[0]
}

/** A client that said who it is; the caller is this connection's own. */
export const userVisitor = (caller: Caller, { WS_CONNECTIONS_PER_USER, WS_SUBSCRIPTIONS_PER_USER }: Config): Visitor =>
  Object.assign(caller, {
    isAnonymous: false,
    connections: WS_CONNECTIONS_PER_USER,
    subscriptions: WS_SUBSCRIPTIONS_PER_USER
  })

/** Names a client without a token: to the limits, its address is the user. */
export const anonymousIdOf = (address: string): string => `anonymous:${networkOf(address)}`

/** A client without a token, for which each symbol is a request. */
export function anonymousVisitor(userId: string, bucket: Bucket): Visitor {
  const visitor: Visitor = {
    userId,
    name: 'anonymous',
    isAnonymous: true,
    mayStream: true,
    isOperator: false,
    expiresAt: Infinity,
    knownUntil: Infinity,
    isRevoked: () => false,
    verifyAgain: async () => visitor,
    connections: ANONYMOUS_CONNECTIONS,
    subscriptions: ANONYMOUS_SUBSCRIPTIONS,
    pay: (symbols) => payFor(symbols, bucket),
    payForReplay: (bytes) => payFor(bytes / REPLAYED_BYTES_PER_REQUEST, bucket)
  }
  return visitor
}

/**
 * Where a connection comes from. Of X-Forwarded-For only the last entry is the proxy's own word; those before it are
 * whatever the client sent.
 */
export function addressOf({ address, headers }: Origin, trustProxy: boolean): string {
  const forwarded = trustProxy ? [headers['x-forwarded-for'] ?? ''].flat().join(',') : ''
  return addressIn(forwarded.split(',').at(-1)!) ?? addressIn(address) ?? ''
}
