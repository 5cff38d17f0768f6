import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { beforeEach, expect, onTestFinished, test } from 'vitest'
import { diagnose } from '../../src/commands/diagnosis.ts'
import { findRedis, redisEnvironment } from '../../src/embedded/redis-binaries.ts'
import { launchServer, onFreePort } from '../../src/embedded/server-process.ts'
import { SECRET } from '../support/api.ts'
import { privateFolder, PROGRAMS_HOME } from '../support/folders.ts'
import { testDatabase, testRedis } from '../support/services.ts'
import { BARE_ENV } from '../support/processes.ts'

/** Its nodes speak to each other on a port that lies so much higher. */
const BUS_PORT_OFFSET = 10_000

let clusterUrl: string
let env: Record<string, string>

beforeEach(async () => {
  const folder = await privateFolder()
  const binary = await findRedis(PROGRAMS_HOME)
  clusterUrl = await onFreePort(async (free) => {
    const port = free - BUS_PORT_OFFSET
    const node = await launchServer({
      name: 'Redis',
      command: binary.program,
      args: ['-'],
      input: `bind 127.0.0.1\nport ${port}\ncluster-enabled yes\nsave ""\n`,
      cwd: folder,
      env: redisEnvironment(binary),
      logFile: join(folder, 'redis.log'),
      stopSignal: 'SIGTERM',
      killSignal: 'SIGKILL',
      isReady: (log) => log.includes('Ready to accept connections')
    })
    onTestFinished(() => node.stop())
    return `redis://127.0.0.1:${port}`
  })
  const [database, redis] = await Promise.all([testDatabase(), testRedis()])
  onTestFinished(async () => {
    await Promise.all([database.close(), redis.close()])
  })
  env = { QUOTEWIRE_HOME: await privateFolder(), DATABASE_URL: database.url, REDIS_URL: redis.url }
})

test.each(['REDIS_URL', 'LOG_REDIS_URL', 'REDIS_CACHE_URL'])(
  'the doctor says that %s names a node of a Cluster before anything is lost there',
  async (name) => {
    const findings = await diagnose({ ...env, [name]: clusterUrl })
    expect(findings).toContainEqual({
      check: 'Redis',
      state: 'problem',
      detail: expect.stringMatching(`^${name} is a node of a Redis Cluster, which Quotewire does not support`)
    })
  }
)

test.each([
  ['the API', 'src/server.ts'],
  ['a worker', 'workers/run-jobs.ts']
])('%s does not start on a node of a Cluster, and says what is needed', async (_process, program) => {
  const child = spawn(process.execPath, [program], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...BARE_ENV, MARKET: 'sandbox', PORT: '0', JWT_SECRET: SECRET, ...env, REDIS_URL: clusterUrl }
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  const [told] = await Promise.all([text(child.stderr), once(child, 'exit')])
  expect(child.exitCode).toBe(1)
  expect(told).toContain('REDIS_URL is a node of a Redis Cluster')
  expect(told).toContain('name a single server, or the primary of a replicated one')
})
