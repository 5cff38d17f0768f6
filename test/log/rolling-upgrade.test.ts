import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { expect, onTestFinished, test } from 'vitest'
import { ask } from '../../load/conversation.ts'
import { isReadyMessage } from '../../src/embedded/child.ts'
import type { Quote } from '../../src/market/quote.ts'
import { quoteEvent } from '../support/events.ts'
import { privateFolder } from '../support/folders.ts'
import { LiveClient } from '../support/live-client.ts'
import { startLive, testLog } from '../support/live-server.ts'

const ROOT = process.cwd()
/** The last version that knows entries of version 1 only: before the file came that reads those of version 2. */
const FORMER_VERSION = parentOfTheFirstWith('src/log/entry-version-2.ts')
const STREAM = 'log:1:{0}'

/** Undefined where this is no repository, or one without its history. */
function parentOfTheFirstWith(path: string): string | undefined {
  const options = { cwd: ROOT, encoding: 'utf8' } as const
  const added = spawnSync('git', ['log', '--diff-filter=A', '--format=%H', '-1', '--', path], options)
  const parent = spawnSync('git', ['rev-parse', '--verify', `${(added.stdout ?? '').trim()}^`], options)
  return parent.status === 0 ? parent.stdout.trim() : undefined
}

/** The live side of a process of the former version. */
async function startFormer(redisUrl: string) {
  const folder = join(await privateFolder(), 'former')
  mkdirSync(folder)
  const archive = execFileSync('git', ['archive', FORMER_VERSION!, 'src', 'test', 'load', 'package.json'], {
    cwd: ROOT,
    maxBuffer: 2 ** 28
  })
  execFileSync('tar', ['-x', '-C', folder], { input: archive })
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'))
  const child = spawn(process.execPath, ['test/hub/live-process.ts'], {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    env: { ...process.env, REDIS_URL: redisUrl }
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  const url = await new Promise<string>((resolve) => {
    child.on('message', (message) => {
      if (isReadyMessage(message) && message.url) resolve(message.url)
    })
  })
  return { child, url }
}

function pricesSeen(client: LiveClient): number[] {
  return client.ofType('quote_update').map(({ data }) => (data['quote'] as Quote).price)
}

async function following(url: string, since?: string): Promise<LiveClient> {
  const client = new LiveClient(`${url}?token=ann`)
  client.socket.once('open', () => client.subscribe(['AAPL'], { ...(since && { since }) }))
  await client.frame(since ? 'resumed' : 'snapshot')
  return client
}

const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, at) => from + at)

test.skipIf(FORMER_VERSION === undefined)(
  'while processes are replaced one by one, clients of the former version and of this one get every event, once (needs the history of the repository)',
  { timeout: 120_000 },
  async () => {
    const { url } = await testLog()
    const redis = new Redis(url)
    onTestFinished(() => redis.disconnect())
    const former = await startFormer(url)
    const present = await startLive(url)
    const clients = [await following(former.url), await following(present.url)] as const
    for (let price = 1; price <= 40; price += 2) {
      await present.log.append([quoteEvent('AAPL', price)])
      await ask(former.child, 'publish', { symbols: ['AAPL'], price: price + 1 })
    }
    for (const client of clients) {
      await expect.poll(() => pricesSeen(client)).toEqual(range(1, 40))
      expect(client.ofType('gap')).toEqual([])
    }
    const left = clients[0]
    const since = left.ofType('quote_update').at(-1)!.cursor!
    left.socket.terminate()
    await present.log.append([quoteEvent('AAPL', 41)])

    former.child.kill('SIGTERM')
    await once(former.child, 'exit')
    const versionWritten = async () => {
      await present.log.append([quoteEvent('MSFT', 1)])
      const [row] = await redis.xrevrangeBuffer(STREAM, '+', '-', 'COUNT', 1)
      return row![1][1]![0]
    }
    expect(await versionWritten()).toBe(1)
    await expect.poll(versionWritten, { timeout: 30_000, interval: 200 }).toBe(2)
    await present.log.append([quoteEvent('AAPL', 42)])
    const back = await following(present.url, since)
    await expect.poll(() => pricesSeen(back)).toEqual([41, 42])
    expect(back.ofType('gap')).toEqual([])
    await expect.poll(() => pricesSeen(clients[1])).toEqual(range(1, 42))
  }
)
