import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { findPackageJSON, stripTypeScriptTypes } from 'node:module'
import { dirname, join, posix } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { promisify } from 'node:util'
import { brotliCompress, constants, gzip } from 'node:zlib'

const SOURCES = join(import.meta.dirname, '..')
const PAGE = 'console/page.html'
const ENTRY = 'console/main.ts'
/** What the console is written in; nothing else of the server's code can be had, whatever is imported. */
const SERVED = /^(console|client|market)\//
/** The libraries that it may use, and what stands for a whole one. */
const LIBRARIES: Record<string, string> = {
  lit: 'index.js',
  'lit-html': 'lit-html.js',
  'lit-element': 'index.js',
  '@lit/reactive-element': 'reactive-element.js',
  'lightweight-charts': 'dist/lightweight-charts.standalone.production.mjs'
}
const IMPORTS = /(\bfrom\s*|\bimport\s*\(\s*|\bimport\s*)(['"])([^'"\n]+)\2/g
const SOURCE_MAP = /\n\/\/# sourceMappingURL=.*\s*$/
const TYPES: Record<string, string> = {
  ts: 'text/javascript; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  mjs: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  svg: 'image/svg+xml'
}
const BROTLI_QUALITY = 9

const compressBrotli = promisify(brotliCompress)
const compressGzip = promisify(gzip)

export type Encoding = 'br' | 'gzip'

/** A file as browsers are sent it. Compressed once, when it is first asked for. */
export class ConsoleFile {
  readonly type: string
  readonly content: Buffer
  readonly #compressed: Partial<Record<Encoding, Promise<Buffer>>> = {}

  constructor(type: string, content: string) {
    this.type = type
    this.content = Buffer.from(content)
  }

  compressed(encoding: Encoding): Promise<Buffer> {
    return (this.#compressed[encoding] ??=
      encoding === 'gzip'
        ? compressGzip(this.content)
        : compressBrotli(this.content, { params: { [constants.BROTLI_PARAM_QUALITY]: BROTLI_QUALITY } }))
  }
}

/** Everything that the console consists of, by its path below the address of this version. */
export type ConsoleFiles = {
  /** Names the contents: an address that holds it may be kept for ever. */
  readonly version: string
  readonly page: ConsoleFile
  readonly files: ReadonlyMap<string, ConsoleFile>
  /** Modules that the page needs at once, the others being imported when somebody looks at what they show. */
  readonly first: ReadonlySet<string>
}

/**
 * Reads the console: its page, its styles, and all modules that can be reached from its entry, as JavaScript. Types are
 * stripped by Node, and names of libraries become paths, for a browser that is allowed no inline import map cannot resolve
 * them. Between two files others have their turn.
 */
export async function readConsole(): Promise<ConsoleFiles> {
  const files = new Map<string, ConsoleFile>()
  const first = new Set<string>()
  await readModules(ENTRY, true, files, first)
  const page = await readFile(join(SOURCES, PAGE), 'utf8')
  for (const [, path] of page.matchAll(/(?:href|src)="\{files\}\/([^"]+)"/g)) {
    if (!files.has(path!)) files.set(path!, fileAt(path!, (await readModule(path!)).code))
  }
  const digest = createHash('sha256')
  for (const [path, { content }] of files) digest.update(path).update(content)
  const version = digest.digest('hex').slice(0, 12)
  const root = `/console/${version}`
  const preloads = [...first].map((path) => `<link rel="modulepreload" href="${root}/${path}" />`)
  const html = page.replaceAll('{files}', root).replace('<!-- modules -->', preloads.join('\n    '))
  return { version, page: new ConsoleFile('text/html; charset=utf-8', html), files, first }
}

async function readModules(path: string, isFirst: boolean, files: Map<string, ConsoleFile>, first: Set<string>) {
  const isKnown = files.has(path)
  if (isKnown && (!isFirst || first.has(path))) return
  if (isFirst) first.add(path)
  const { code, imports } = await readModule(path)
  if (!isKnown) files.set(path, fileAt(path, code))
  await setImmediate()
  for (const { target, isDynamic } of imports) await readModules(target, isFirst && !isDynamic, files, first)
}

type Import = { readonly target: string; readonly isDynamic: boolean }

async function readModule(path: string): Promise<{ code: string; imports: Import[] }> {
  const text = await readFile(locationOf(path), 'utf8')
  const script = path.endsWith('.ts') ? stripTypeScriptTypes(text) : text.replace(SOURCE_MAP, '\n')
  const imports: Import[] = []
  const code = script.replaceAll(IMPORTS, (whole, how: string, quote: string, specifier: string) => {
    const target = targetOf(path, specifier)
    if (target === undefined) return whole
    imports.push({ target, isDynamic: how.includes('(') })
    const relative = posix.relative(posix.dirname(path), target)
    return `${how}${quote}${relative.startsWith('.') ? relative : `./${relative}`}${quote}`
  })
  return { code, imports }
}

/** The path of what a module imports; undefined for a text that only looks like an import. Throws for what is not served. */
function targetOf(importer: string, specifier: string): string | undefined {
  if (specifier.startsWith('.')) {
    const target = posix.join(posix.dirname(importer), specifier)
    if (!importer.startsWith('vendor/') && !SERVED.test(target)) throw new Error(`${importer} must not need ${target}`)
    return target
  }
  const [, library = '', file] = /^((?:@[^/]+\/)?[^/]+)(?:\/(.+))?$/.exec(specifier) ?? []
  const main = LIBRARIES[library]
  return main === undefined ? undefined : `vendor/${library}/${file ?? main}`
}

function locationOf(path: string): string {
  if (!path.startsWith('vendor/')) return join(SOURCES, path)
  const [, library = '', file = ''] = /^vendor\/((?:@[^/]+\/)?[^/]+)\/(.+)$/.exec(path) ?? []
  return join(dirname(findPackageJSON(library, import.meta.url)!), file)
}

function fileAt(path: string, content: string): ConsoleFile {
  return new ConsoleFile(TYPES[path.slice(path.lastIndexOf('.') + 1)]!, content)
}
