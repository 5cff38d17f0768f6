import { execFile } from 'node:child_process'
import { copyFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { build } from 'esbuild'
import { VERSION } from '../../src/version.ts'

const run = promisify(execFile)
const ROOT = join(import.meta.dirname, '../..')
const SOURCE = join(ROOT, 'src/client')
const DECLARATIONS = '.declarations'

/**
 * Writes the client library into an empty or new folder as a package of its own, without dependencies: one module, and the
 * types that its users see. Node runs no TypeScript inside node_modules.
 */
export async function writeClientPackage(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true })
  await Promise.all([
    build({
      entryPoints: [join(SOURCE, 'client.ts')],
      outfile: join(folder, 'client.js'),
      bundle: true,
      minify: true,
      format: 'esm',
      target: 'es2024',
      logLevel: 'error'
    }),
    writeTypes(folder),
    writeFile(join(folder, 'package.json'), `${JSON.stringify(MANIFEST, undefined, 2)}\n`),
    copyFile(join(ROOT, 'LICENSE'), join(folder, 'LICENSE'))
  ])
}

const MANIFEST = {
  name: 'quotewire',
  version: VERSION,
  description: 'Client of a Quotewire server, for Node and browsers',
  license: 'MIT',
  type: 'module',
  sideEffects: false,
  exports: {
    './client': { types: './client.d.ts', default: './client.js' },
    './operators': { types: './operator-api.d.ts' }
  }
}
/** What is generated is types only, and shorter as it stands than as the compiler writes it. */
const GENERATED = new Set(['api', 'operator-api'])

/** The declarations of the entries, and of whatever they name. */
async function writeTypes(folder: string): Promise<void> {
  const declarations = join(folder, DECLARATIONS)
  const emit = ['--noEmit', 'false', '--incremental', 'false', '--declaration', '--emitDeclarationOnly']
  await run(join(ROOT, 'node_modules/.bin/tsc'), ['-p', SOURCE, ...emit, '--outDir', declarations])
  const names = new Set(['client', 'operator-api'])
  for (const name of names) {
    const isGenerated = GENERATED.has(name)
    const file = isGenerated ? join(SOURCE, `${name}.ts`) : join(declarations, `${name}.d.ts`)
    const text = await readFile(file, 'utf8')
    for (const [, imported] of text.matchAll(/from '\.\/([\w-]+)\.ts'/g)) names.add(imported!)
    const ofPackage = text.replaceAll(/((?:from|module) '\.\/[\w-]+)\.ts'/g, "$1.js'").replaceAll(/\n\s+/g, '\n')
    await writeFile(join(folder, `${name}.d.ts`), isGenerated ? memberByMember(ofPackage) : ofPackage)
  }
  await rm(declarations, { recursive: true })
}

/** Each member on a line of its own, however short: what is written in one way compresses best. */
const memberByMember = (types: string): string =>
  types.replaceAll('; ', '\n').replaceAll('{ ', '{\n').replaceAll(' }', '\n}')
