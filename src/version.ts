import { readFileSync } from 'node:fs'
import { join } from 'node:path'

const manifest = readFileSync(join(import.meta.dirname, '../package.json'), 'utf8')

/** Of this program, as its package.json says. */
export const { version: VERSION } = JSON.parse(manifest) as { version: string }
