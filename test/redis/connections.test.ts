import { execFileSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { isTooOldRedis } from '../../src/redis/connections.ts'

test('a Redis that cannot trim the event log by age is told from those that can', () => {
  expect(['5.0.14', '6.0.16', '6.1.0'].filter((version) => !isTooOldRedis(version))).toEqual([])
  expect(['6.2.0', '6.10.1', '7.0.15', '8.4.0'].filter(isTooOldRedis)).toEqual([])
})

/** Prints whether V8 compiles calls of the methods of strings, or looks each of them up, once a module is loaded. */
const tellFast = (module: string) => `
  await import(${JSON.stringify(module)})
  console.log(%HasFastProperties(String.prototype))`

function hasFastStrings(module: string): boolean {
  const options = ['--allow-natives-syntax', '--input-type=module', '-e', tellFast(module)]
  return execFileSync(process.execPath, options, { encoding: 'utf8' }) === 'true\n'
}

test('texts are worked with as fast as before the client of Redis was loaded', () => {
  expect(hasFastStrings(import.meta.resolve('../../src/redis/connections.ts'))).toBe(true)
  expect(hasFastStrings('ioredis')).toBe(false) // else nothing is to be done any more
})
