import type { Redis } from 'ioredis'

/** The clients in an answer to CLIENT LIST, by their fields. */
export function* clientsIn(list: string): Iterable<ReadonlyMap<string, string>> {
  for (const line of list.split('\n')) {
    yield new Map(line.split(' ').map((field) => field.split('=', 2) as [string, string]))
  }
}

/** How the readers of this version are called. */
export const READER_NAME = 'quotewire-log-reader-2'
/** Readers of entries of version 1 had no name; those of the first entries of version 2, which had no narrow records, this. */
const FORMER_NAMES = ['', 'quotewire-log-reader']

/**
 * Whether a process of a former version reads a log in the database of a connection: its readers go by their names, and ask
 * for nothing but XREAD. Where Redis does not tell who its clients are, there is none.
 */
export async function hasFormerReaders(redis: Redis): Promise<boolean> {
  try {
    const list = (await redis.client('LIST')) as string
    const db = String(redis.options.db ?? 0)
    for (const client of clientsIn(list)) {
      if (client.get('cmd') === 'xread' && FORMER_NAMES.includes(client.get('name')!) && client.get('db') === db)
        return true
    }
  } catch (error) {
    if ((error as Error).name !== 'ReplyError') throw error
  }
  return false
}
