import type { IncomingHttpHeaders } from 'node:http'
import { credentialOf } from './stream.ts'

/** The key of this server where the vendor's clients have their secret: in its header, or as the password of Basic. */
export function presentedIn(headers: IncomingHttpHeaders): string | undefined {
  const [id, secret] = [headers['apca-api-key-id'], headers['apca-api-secret-key']]
  if (id !== undefined || secret !== undefined) return credentialOf(id, secret)
  const [, encoded] = /^Basic ([A-Za-z0-9+/=]+)$/.exec(headers.authorization ?? '') ?? []
  if (encoded === undefined) return undefined
  const [user, ...password] = Buffer.from(encoded, 'base64').toString().split(':')
  return credentialOf(user, password.join(':'))
}
