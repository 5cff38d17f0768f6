import { request } from 'undici'

const TIMEOUT_MS = 3000

/**
 * The address that signs one browser in to the console with an API key, within ten minutes; undefined where the API does
 * not give one. `url` is where it answers.
 */
export async function signInLink(url: string, key: string): Promise<string | undefined> {
  try {
    const { statusCode, body } = await request(`${url}/api/v1/auth/sign-in-code`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}` },
      signal: AbortSignal.timeout(TIMEOUT_MS)
    })
    const answer = (await body.json()) as { path?: string }
    return statusCode === 200 && answer.path !== undefined ? url + answer.path : undefined
  } catch {
    return undefined // the key, which is shown too, signs in as well
  }
}
