import type { Redis } from 'ioredis'

/** The clients in an answer to CLIENT LIST, by their fields. */
export function* clientsIn(list: string): Iterable<ReadonlyMap<string, string>> {
  for (const line of list.split('\n')) {
    yield new Map(line.split(' ').map((field) => field.split('=', 2) as [string, string]))
  }
}

/**
 * Whether a process of the former version reads a log in the database of a connection. Its readers have no name, and ask
 * for nothing but XREAD; those of this version are named. Where Redis does not tell who its clients are, there is none.
 */
export async function hasFormerReaders(redis: Redis): Promise<boolean> {
  try {
    const list = (await redis.client('LIST')) as string
    const db = String(redis.options.db ?? 0)
    for (const client of clientsIn(list)) {
      if (client.get('cmd') === 'xread' && client.get('name') === '' && client.get('db') === db) return true
    }
  } catch (error) {
    if ((error as Error).name !== 'ReplyError') throw error
  }
  return false
}
