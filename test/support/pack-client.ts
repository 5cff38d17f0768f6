import { spawnSync } from 'node:child_process'
import { rm } from 'node:fs/promises'
import { writeClientPackage } from './client-package.ts'

/** `npm run client:pack` makes dist/quotewire-VERSION.tgz: the client library, for `npm install` elsewhere. */
const FOLDER = 'dist/client'
await rm(FOLDER, { recursive: true, force: true })
await writeClientPackage(FOLDER)
process.exitCode =
  spawnSync('npm', ['pack', `./${FOLDER}`, '--pack-destination', 'dist'], { stdio: 'inherit' }).status ?? 1
