import { rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { TokenFile } from '../../workers/ingest/token-file.ts'
import { privateFolder } from '../support/folders.ts'

test('a token that somebody renews counts from the next connection on; while it is being replaced, the last one does', async () => {
  const folder = await privateFolder()
  const path = join(folder, 'token')
  await writeFile(path, 'first\n')
  const token = new TokenFile(path)
  expect(token.read()).toBe('first')
  await rm(path)
  expect(token.read()).toBe('first')
  await writeFile(join(folder, 'next'), 'second\n')
  await rename(join(folder, 'next'), path)
  expect(token.read()).toBe('second')
})

test('a token that was renewed is told, also where somebody read it before the file was looked at', async () => {
  const path = join(await privateFolder(), 'token')
  await writeFile(path, 'first')
  const token = new TokenFile(path)
  token.read()
  let changes = 0
  onTestFinished(token.watch(() => changes++))
  const renew = async () => {
    await writeFile(path, `renewed ${Date.now()}`)
    token.read()
    return changes
  }
  await expect.poll(renew, { timeout: 30_000, interval: 500 }).toBeGreaterThan(0)
})
