import { join, resolve } from 'node:path'

export type Market = 'sandbox' | 'live'

/** Where things lie below QUOTEWIRE_HOME, all absolute. Simulated and real data never share a folder. */
export type Home = {
  readonly root: string
  readonly market: string
  readonly postgres: string
  readonly redis: string
  readonly logs: string
  readonly jwtSecret: string
  /** The key that every start prints: the database knows only its hash. */
  readonly firstKey: string
  /** Exists while `npm start` runs: how other commands of this home reach its services. */
  readonly running: string
}

export function homeOf(path: string, market: Market): Home {
  const root = resolve(path)
  const folder = join(root, market)
  return {
    root,
    market: folder,
    postgres: join(folder, 'postgres'),
    redis: join(folder, 'redis'),
    logs: join(folder, 'logs'),
    jwtSecret: join(folder, 'jwt-secret'),
    firstKey: join(folder, 'first-key'),
    running: join(folder, 'running.json')
  }
}
