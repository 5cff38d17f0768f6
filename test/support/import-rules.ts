import { readdir, readFile } from 'node:fs/promises'
import { dirname, join, relative, resolve } from 'node:path'

/** What each place may import; its own folder is always allowed. `root` stands for the files directly in src. */
const MAY_IMPORT: Record<string, readonly string[]> = {
  'src/market': [],
  'src/client': [],
  'src/providers': ['src/market', 'src/timeout.ts', 'src/slices.ts'],
  'src/redis': ['src/timeout.ts'],
  'src/cache': ['src/market', 'src/redis', 'src/slices.ts'],
  'src/gateway': ['src/market', 'src/timeout.ts', 'src/providers', 'src/redis', 'src/errors.ts', 'src/slices.ts'],
  'src/log': ['src/market', 'src/redis'],
  'src/bars': ['src/market'],
  'src/demand': ['src/market', 'src/redis', 'src/errors.ts'],
  'src/intake': ['src/market', 'src/redis', 'src/log'],
  'src/playback': ['src/market', 'src/log', 'src/hub', 'src/errors.ts'],
  'src/streams': ['src/market', 'src/demand/want.ts', 'src/providers/provider.ts', 'src/providers/http.ts'],
  'src/hub': ['src/market', 'src/plain-schema.ts', 'src/histogram.ts', 'src/token-bucket.ts', 'src/log', 'src/demand'],
  'src/market-data': [
    'src/market',
    'src/timeout.ts',
    'src/cache',
    'src/gateway',
    'src/log',
    'src/bars',
    'src/errors.ts',
    'src/slices.ts'
  ],
  'src/config': [
    'src/market',
    'src/providers/provider.ts',
    'src/gateway',
    'src/streams/alpaca/endpoints.ts',
    'src/streams/massive/symbols.ts',
    'src/streams/upstox/modes.ts',
    'src/demand/derivative-selection.ts'
  ],
  'src/auth': [
    'src/market',
    'src/timeout.ts',
    'src/token-bucket.ts',
    'src/redis',
    'src/errors.ts',
    'src/error-translation.ts',
    'src/config',
    'src/metrics',
    'src/hub',
    'db'
  ],
  'src/socket-io': [
    'src/market',
    'src/token-bucket.ts',
    'src/errors.ts',
    'src/unrouted-answers.ts',
    'src/config',
    'src/log',
    'src/demand',
    'src/metrics',
    'src/hub',
    'src/auth'
  ],
  'src/drop-in': [
    'src/market',
    'src/token-bucket.ts',
    'src/errors.ts',
    'src/error-translation.ts',
    'src/failure-log.ts',
    'src/config',
    'src/bars/series-names.ts',
    'src/demand',
    'src/hub',
    'src/auth',
    'src/streams/codec.ts',
    'src/streams/us-venues.ts',
    'src/streams/alpaca/symbols.ts',
    'src/streams/massive/symbols.ts',
    'src/streams/massive/codes.ts',
    'src/routes/asker.ts',
    'src/routes/instant.ts',
    'src/routes/page-token.ts'
  ],
  'src/metrics': ['src/market', 'src/timeout.ts', 'src/histogram.ts', 'src/hub', 'src/jobs'],
  'src/embedded': ['src/timeout.ts'],
  'src/sandbox': [
    'src/market',
    'src/embedded',
    'src/providers/provider.ts',
    'src/streams/upstox/wire',
    'src/config/config.ts',
    'src/logger.ts'
  ],
  'src/jobs': ['src/market', 'src/timeout.ts', 'src/errors.ts'],
  'src/routes': [
    'src/market',
    'src/errors.ts',
    'src/error-translation.ts',
    'src/slices.ts',
    'src/version.ts',
    'src/hub',
    'src/auth',
    'src/jobs',
    'src/metrics/dependency-checks.ts'
  ],
  'src/mcp': [
    'src/market',
    'src/timeout.ts',
    'src/plain-schema.ts',
    'src/errors.ts',
    'src/error-translation.ts',
    'src/version.ts',
    'src/config/config.ts',
    'src/plugins/field-error.ts',
    'src/routes'
  ],
  'src/cli': [
    'src/market',
    'src/client',
    'src/version.ts',
    'src/embedded/home.ts',
    'src/embedded/running.ts',
    'src/embedded/secret.ts'
  ],
  'src/console': ['src/client', 'src/market'],
  'src/plugins': ['src', 'db'],
  'src/commands': ['src', 'db'],
  'src/*': ['src', 'db'],
  db: ['src/market', 'src/bars/series-names.ts', 'src/timeout.ts', 'src/jobs/job-run.ts', 'src/slices.ts'],
  workers: ['src', 'db'],
  load: ['src', 'db', 'workers', 'test/support'],
  test: ['src', 'db', 'workers', 'load']
}

/** Exceptions to a place's list: what it must not import although a wider entry would allow it. */
const NEVER: Record<string, readonly string[]> = {
  workers: ['src/routes', 'src/plugins', 'src/auth', 'src/socket-io', 'src/app.ts', 'src/server.ts'],
  'src/plugins': ['src/routes', 'src/console'],
  'src/routes': ['src/jobs/queue.ts', 'src/jobs/administration.ts']
}

/** Of these a place may know the types: what a plugin adds to the application, for instance. */
const TYPES_OF: Record<string, readonly string[]> = {
  'src/routes': ['src/plugins', 'src/playback']
}

/** Each of these libraries is imported from one place only. */
const OWNERS: Record<string, readonly string[]> = {
  'drizzle-orm': ['db'],
  postgres: ['db', 'load', 'test'],
  pg: ['db', 'test'],
  'pg-copy-streams': ['db'],
  'html-entities': ['src/providers'],
  ws: ['src/streams', 'src/sandbox', 'src/commands/replay.ts', 'src/commands/feed-drill.ts', 'load', 'test'],
  '@bufbuild/protobuf': ['src/streams', 'src/sandbox', 'test'],
  '@msgpack/msgpack': ['src/streams', 'src/sandbox', 'test'],
  undici: [
    'src/providers',
    'load',
    'test',
    'src/embedded/redis-download.ts',
    'src/commands/reach.ts',
    'src/commands/drill.ts',
    'src/commands/sign-in-link.ts'
  ],
  lit: ['src/console'],
  'lightweight-charts': ['src/console'],
  'playwright-core': ['load', 'test'],
  '@axe-core/playwright': ['test'],
  fastify: [
    'src/app.ts',
    'src/server.ts',
    'src/plugins',
    'src/auth',
    'src/socket-io',
    'src/drop-in',
    'src/routes',
    'load',
    'test'
  ],
  'fast-json-stringify': ['src/plugins'],
  'hyparquet-writer': ['src/routes'],
  bullmq: ['src/jobs', 'workers', 'test'],
  jose: ['src/auth', 'test'],
  'prom-client': ['src/metrics', 'load', 'test'],
  'socket.io': ['src/socket-io', 'load', 'test'],
  'trading-signals': ['src/market-data', 'test'],
  '@stoqey/ib': ['src/streams/ibkr'],
  '@modelcontextprotocol/server': ['src/mcp'],
  '@modelcontextprotocol/client': ['test'],
  '@platformatic/kafka': ['src/log/kafka', 'test'],
  esbuild: ['test'],
  'yahoo-finance2': ['src/providers/yahoo', 'test'],
  alphavantage: ['src/providers/alpha-vantage', 'test']
}

const FORBIDDEN_FOLDERS = /(^|\/)(utils|helpers|common|services|types)(\/|$)/
const IMPORT =
  /(?:^|\n)\s*(?:import|export)\s[^'"]*?from\s+['"]([^'"]+)['"]|import\(\s*['"]([^'"]+)['"]\s*\)|(?:^|\n)\s*import\s+['"]([^'"]+)['"]/g

export type Report = { modules: number; imports: number; violations: string[] }

/** Reads every module under the root's src, workers, db, test and load, and holds its imports against the rules. */
export async function checkImports(root: string): Promise<Report> {
  const files = (
    await Promise.all(['src', 'workers', 'db', 'test', 'load'].map((folder) => modulesIn(join(root, folder))))
  ).flat()
  const graph = new Map<string, string[]>()
  const violations: string[] = []
  let imports = 0
  for (const file of files) {
    const from = relative(root, file)
    const source = await readFile(file, 'utf8')
    if (FORBIDDEN_FOLDERS.test(dirname(from)) || /(^|\/)index\.ts$/.test(from)) {
      violations.push(`${from}: name the file and its folder after what they hold (no utils, helpers, common, index)`)
    }
    const targets: string[] = []
    for (const specifier of specifiersOf(source)) {
      imports++
      if (specifier.startsWith('.')) {
        const target = relative(root, resolve(dirname(file), specifier))
        targets.push(target)
        if (!isAllowed(from, target) && !(mayKnowTypes(from, target) && isTypeOnly(source, specifier)))
          violations.push(`${from} must not import ${target}`)
      } else {
        const library = specifier.startsWith('@') ? specifier : specifier.split('/')[0]!
        const owners = OWNERS[library]
        if (owners && !owners.some((owner) => isIn(from, owner)) && !isTypeOnly(source, specifier)) {
          violations.push(`${from} must not import ${library}; it belongs to ${owners.join(', ')}`)
        }
      }
    }
    graph.set(from, targets)
  }
  violations.push(...cyclesOf(graph).map((cycle) => `cycle: ${cycle.join(' -> ')}`))
  return { modules: files.length, imports, violations }
}

function isAllowed(from: string, target: string): boolean {
  const place = placeOf(from)
  if (placeOf(target) === place && place !== 'src/*') return true
  if (NEVER[place]?.some((folder) => isIn(target, folder))) return false
  return MAY_IMPORT[place]?.some((folder) => isIn(target, folder)) ?? false
}

function mayKnowTypes(from: string, target: string): boolean {
  return TYPES_OF[placeOf(from)]?.some((folder) => isIn(target, folder)) ?? false
}

function placeOf(path: string): string {
  const [first = '', second = ''] = path.split('/')
  if (first !== 'src') return first
  return second.endsWith('.ts') ? 'src/*' : `src/${second}`
}

function isIn(path: string, folder: string): boolean {
  return path === folder || path.startsWith(`${folder}/`)
}

function specifiersOf(source: string): string[] {
  return [...source.matchAll(IMPORT)].map(([, from, dynamic, bare]) => (from ?? dynamic ?? bare)!)
}

function isTypeOnly(source: string, specifier: string): boolean {
  const escaped = specifier.replaceAll(/[.*+?^${}()|[\]\\/]/g, '\\$&')
  const all = [...source.matchAll(new RegExp(`import\\s+(type\\s)?[^'"]*?from\\s+['"]${escaped}['"]`, 'g'))]
  return all.length > 0 && all.every(([, type]) => type !== undefined)
}

function cyclesOf(graph: ReadonlyMap<string, readonly string[]>): string[][] {
  const cycles: string[][] = []
  const done = new Set<string>()
  const path: string[] = []
  const visit = (node: string): void => {
    const at = path.indexOf(node)
    if (at >= 0) {
      cycles.push([...path.slice(at), node])
      return
    }
    if (done.has(node)) return
    path.push(node)
    for (const next of graph.get(node) ?? []) visit(next)
    path.pop()
    done.add(node)
  }
  for (const node of graph.keys()) visit(node)
  return cycles
}

async function modulesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => [])
  return entries
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => join(entry.parentPath, entry.name))
}
