import { rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
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
