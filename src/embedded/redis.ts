import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { stopLeftovers } from './leftovers.ts'
import { findRedis, redisEnvironment } from './redis-binaries.ts'
import { keptSecret } from './secret.ts'
import { launchServer, onFreePort, type ServerProcess } from './server-process.ts'

/** How its processes are called. */
export const REDIS_PROGRAM = /^(redis|valkey)-server/

export type RedisOptions = {
  /** Quotewire's home, where a fetched server is kept. */
  home: string
  /** Holds the data, the password and the log. */
  directory: string
  onProgress?: (step: string) => void
  /** Where a pinned build is downloaded from, in place of its publisher. */
  downloadBaseUrl?: string | undefined
  /** Where clients of an earlier one expect it; a free port otherwise. */
  port?: number
  /** Gives up starting. */
  signal?: AbortSignal
}

export type EmbeddedRedis = ServerProcess & { readonly url: string }

/**
 * Starts a Redis on 127.0.0.1 that loses at most the last second, also when the machine fails.
 * First ends what a crashed run left on the same data. Throws EmbeddedServiceError, saying what to do.
 */
export async function startRedis({
  home,
  directory,
  onProgress,
  downloadBaseUrl,
  port: wanted,
  signal
}: RedisOptions): Promise<EmbeddedRedis> {
  const data = join(directory, 'data')
  await mkdir(data, { recursive: true, mode: 0o700 })
  const password = await keptSecret(join(directory, 'password'))
  const binary = await findRedis(home, { onProgress, downloadBaseUrl, signal })
  await stopCrashedRedis(directory)

  return onFreePort(async (port) => {
    const server = await launchServer({
      name: 'Redis',
      command: binary.program,
      args: ['-'],
      input: configuration(port, password),
      cwd: data,
      env: redisEnvironment(binary),
      logFile: join(directory, 'redis.log'),
      stopSignal: 'SIGTERM',
      killSignal: 'SIGKILL',
      signal,
      isReady: (log) => log.includes('Ready to accept connections')
    })
    return { ...server, url: `redis://:${password}@127.0.0.1:${port}` }
  }, wanted)
}

/** Ends a server that a crashed run left working in `directory`. */
async function stopCrashedRedis(directory: string): Promise<void> {
  await stopLeftovers({
    directory: join(directory, 'data'),
    program: REDIS_PROGRAM,
    leaders: (pids) => pids,
    signals: ['SIGTERM']
  })
}

/** Read from standard input, because every user of the machine can read the arguments of a process. */
function configuration(port: number, password: string): string {
  return `bind 127.0.0.1
port ${port}
requirepass ${password}
databases 512
maxmemory-policy noeviction
save ""
appendonly yes
appendfsync everysec
`
}
