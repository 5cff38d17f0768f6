import { Writable } from 'node:stream'
import type { Logger } from 'pino'
import { expect, test } from 'vitest'
import { createDatabase } from '../db/client.ts'
import { createStores } from '../db/stores.ts'
import { createLogger, toldError } from '../src/logger.ts'

const NOBODY = 'postgres://quotewire:password@127.0.0.1:1/quotewire'

test('the log of a failed statement says why it failed, and nothing of a key', async () => {
  const database = createDatabase({ url: NOBODY })
  const error = await createStores(database)
    .keys.findKey('qw_0123456789abcdef0123456789abcdef0123456789a')
    .catch((thrown: Error & { params: unknown[] }) => thrown)
  if (!(error instanceof Error)) throw new Error('the key was looked up')
  const hash = String(error.params[0])
  expect(hash.length).toBeGreaterThan(20)
  expect(error.message).toContain(hash)

  const asCause = new Error('no token', { cause: error })
  for (const told of [error, asCause].map((each) => JSON.stringify(toldError(each)))) {
    expect(told).not.toContain(hash)
    expect(told).toContain('ECONNREFUSED')
    expect(told).toContain('api_keys')
  }
  await database.close()
})

function linesOf(LOG_FORMAT: 'json' | 'text', work: (log: Logger) => void): string[] {
  let written = ''
  const destination = new Writable({
    write(chunk: Buffer, _encoding, done) {
      written += chunk.toString()
      done()
    }
  })
  work(createLogger({ LOG_LEVEL: 'info', LOG_FORMAT }, destination))
  return written.trimEnd().split('\n')
}

test('a log line names its level and tells its instant as people write it', () => {
  const [line, ...others] = linesOf('json', (log) => {
    log.debug('not told')
    log.warn({ provider: 'fmp' }, 'provider did not answer')
  })
  expect(others).toEqual([])
  const { time, ...told } = JSON.parse(line!) as Record<string, unknown>
  expect(told).toMatchObject({ level: 'warn', provider: 'fmp', msg: 'provider did not answer' })
  expect(time).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
})

test('a log for people is text, without colour codes in files', () => {
  const lines = linesOf('text', (log) => log.warn({ provider: 'fmp' }, 'provider did not answer'))
  expect(lines[0]).toMatch(/^\[\d{4}-\d\d-\d\dT[\d:.]+Z\] WARN: provider did not answer$/)
  expect(lines[1]).toBe('    provider: "fmp"')
})
