import { randomBytes, randomUUID } from 'node:crypto'
import { link, mkdir, open, readFile, rm } from 'node:fs/promises'
import { dirname } from 'node:path'

const SECRET_BYTES = 32

/**
 * The secret kept in `file` (mode 0600). The first caller makes it, from `create` or from 32 random bytes; a file is
 * only ever seen complete, also when several callers, of this process or of others, make it at once.
 */
export async function keptSecret(file: string, create: () => string | Promise<string> = randomSecret): Promise<string> {
  const kept = await readSecret(file)
  if (kept !== undefined) return kept

  await mkdir(dirname(file), { recursive: true })
  const draft = `${file}.${randomUUID()}`
  const secret = await create()
  try {
    await writeDurably(draft, `${secret}\n`)
    await link(draft, file)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  } finally {
    await rm(draft, { force: true })
  }
  return keptSecret(file)
}

/** The secret kept in `file`, or undefined where there is none yet. */
export async function readSecret(file: string): Promise<string | undefined> {
  try {
    return (await readFile(file, 'utf8')).trim()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

/** A machine that loses power leaves an empty file where only the name had reached the disk. */
async function writeDurably(file: string, text: string): Promise<void> {
  const handle = await open(file, 'w', 0o600)
  try {
    await handle.writeFile(text)
    await handle.sync()
  } finally {
    await handle.close()
  }
}

function randomSecret(): string {
  return randomBytes(SECRET_BYTES).toString('base64url')
}
