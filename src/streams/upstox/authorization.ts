import { createHttpClient } from '../../providers/http.ts'
import { ProviderError } from '../../providers/provider.ts'
import { decodedJson } from '../codec.ts'
import type { Endpoint, Problem } from '../feed.ts'
import { isWire } from '../fields.ts'
import { NOT_UNDERSTOOD, problemOfAnswer } from './problems.ts'

const PATH = '/v3/feed/market-data-feed/authorize'
/** Less than a handshake may take in all. */
const TIMEOUT_MS = 8000

/** Asks for the address of the next connection, which is good for one. Never rejects. */
export async function authorizedEndpoint(baseUrl: string, token: string): Promise<Endpoint | Problem> {
  const http = createHttpClient({ provider: 'upstox', baseUrl, timeoutMs: TIMEOUT_MS })
  try {
    const headers = { authorization: `Bearer ${token}` }
    const answer = await http.get(PATH, {}, AbortSignal.timeout(TIMEOUT_MS), headers)
    if (answer.status !== 200) return problemOfAnswer(answer)
    const url = addressIn(answer.text)
    return url === undefined ? NOT_UNDERSTOOD : { url, headers: {} }
  } catch (error) {
    const reason = error instanceof ProviderError ? error.message : 'the vendor did not answer in time'
    return { kind: 'transient', reason }
  } finally {
    await http.close()
  }
}

/** The second spelling is the older one. */
function addressIn(text: string): string | undefined {
  const body = decodedJson(text)
  const data = isWire(body) && isWire(body.data) ? body.data : {}
  const address = data.authorized_redirect_uri ?? data.authorizedRedirectUri
  return typeof address === 'string' && /^wss?:\/\//.test(address) && URL.canParse(address) ? address : undefined
}
