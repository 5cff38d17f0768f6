import type { FastifyRequest } from 'fastify'

const BINARY_PROTOCOL = 'quotewire.binary'
const PROTOCOLS = [BINARY_PROTOCOL, 'quotewire']
const TOKEN_PROTOCOL = 'bearer.'
const BEARER = /^Bearer (\S+)$/i

/** The protocol that a handshake settles on. The one that carries a token is never repeated. */
export function chooseProtocol(offered: ReadonlySet<string>): string | false {
  return PROTOCOLS.find((protocol) => offered.has(protocol)) ?? false
}

/**
 * What a handshake says about the connection to come: a key or token by header, protocol or query, or a ticket by query,
 * and the encoding.
 */
export function presentedBy({ headers, query }: Pick<FastifyRequest, 'headers' | 'query'>): {
  token: string | undefined
  binary: boolean
} {
  const offered = (headers['sec-websocket-protocol'] ?? '').split(',').map((protocol) => protocol.trim())
  const byHeader = BEARER.exec(headers.authorization ?? '')?.[1] ?? headers.authorization
  const byKeyHeader = [headers['x-api-key'] ?? []].flat()[0]
  const byProtocol = offered.find((protocol) => protocol.startsWith(TOKEN_PROTOCOL))?.slice(TOKEN_PROTOCOL.length)
  const { token, ticket } = query as Partial<Record<'token' | 'ticket', string | string[]>>
  // A parameter that is repeated comes as a list.
  const [byQuery] = [ticket ?? token ?? []].flat()
  return { token: byHeader ?? byKeyHeader ?? byProtocol ?? byQuery, binary: offered.includes(BINARY_PROTOCOL) }
}
