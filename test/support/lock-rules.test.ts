import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { lockProblems, type Lock } from './lock-rules.ts'

const lock = JSON.parse(await readFile('package-lock.json', 'utf8')) as Lock
const withEntry = (entry: object) => lockProblems({ ...lock, packages: { ...lock.packages, 'node_modules/a': entry } })

test('nobody installs what its hash was never written down of', () => {
  expect(lockProblems(lock)).toEqual([])
  expect(withEntry({ version: '1.0.0' })).toEqual([expect.stringContaining('npm view a@1.0.0 dist.integrity')])
  expect(withEntry({ version: '1.0.0', integrity: 'sha1-abc=' })).toHaveLength(1)
})

test('the lock names no host of its own', () => {
  const entry = { version: '1.0.0', integrity: 'sha512-abc==', resolved: 'https://npm.example/a.tgz' }
  expect(withEntry(entry)).toEqual([expect.stringContaining('node_modules/a names a download host')])
  expect(lockProblems({ ...lock, lockfileVersion: 2 })).toHaveLength(1)
})
