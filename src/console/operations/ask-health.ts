import type { Gets } from '../../client/client.ts'
import { QuotewireError } from '../api.ts'

export type Health = Gets['/api/health']['answer']

/** How the server is. One that cannot serve says so by status 503, with the same body, which is no failure here. */
export async function askHealth(signal: AbortSignal): Promise<Health> {
  const response = await fetch('/api/health', { signal }).catch((error: unknown) => {
    throw signal.aborted ? error : new QuotewireError('UNREACHABLE', 'The server does not answer')
  })
  return (await response.json()) as Health
}
