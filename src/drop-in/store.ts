import { translate } from '../error-translation.ts'
import { NothingStored } from '../errors.ts'

/**
 * What the store has; undefined where it has no such thing, and while it is away: then what is known otherwise is all that
 * there is.
 */
export async function fromStore<T>(read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read()
  } catch (error) {
    if (error instanceof NothingStored || translate(error as Error).code === 'STORE_UNAVAILABLE') return undefined
    throw error
  }
}
