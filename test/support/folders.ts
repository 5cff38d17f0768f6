import { mkdtemp, rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { inject, onTestFinished } from 'vitest'

/** Where programs once fetched are kept, so that tests do not fetch them again. */
export const PROGRAMS_HOME = resolve(process.env.QUOTEWIRE_HOME || '.quotewire')

/** A folder of this test alone, which only its owner can enter. */
export async function privateFolder(): Promise<string> {
  const folder = await mkdtemp(join(inject('runFolder'), 'folder-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  return folder
}

/** What makes a part of the machine act as its ordinary user; undefined where the tests may not become one. */
export const ORDINARY_USER = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : undefined
