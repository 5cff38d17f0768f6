import { existsSync, globSync, readFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { documentOf } from '../routes/documented-routes.ts'
import { startWorld, type ApiWorld } from '../support/api.ts'

/** In tables and lists of what there is; requirements.md names what is not built too, and has a test of its own. */
const FILES = ['README.md', ...globSync('docs/*.md')].filter((file) => file !== 'docs/requirements.md')
const texts = FILES.map((file) => readFileSync(file, 'utf8'))
const named = (pattern: RegExp) => [
  ...new Set(texts.flatMap((text) => [...text.matchAll(pattern)].map(([, name]) => name!)))
]

let world: ApiWorld

beforeAll(async () => {
  world = await startWorld()
})
afterAll(() => world.close())

test('nobody is sent to a file that does not exist', () => {
  const paths = named(/[`(](?:\.\.\/)?((?:src|workers|db|test|load|docs|deploy|bin|\.ci)\/[\w./-]+)[`)]/g)
  expect(paths.length).toBeGreaterThan(15)
  expect(paths.filter((path) => !existsSync(path))).toEqual([])
})

test('every command is one of package.json', () => {
  const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: Record<string, string> }
  const commands = named(/npm run (\w+)/g)
  expect(commands.length).toBeGreaterThan(4)
  expect(commands.filter((name) => !(name in scripts))).toEqual([])
})

test('every variable and code is one that the code knows', () => {
  const sources = globSync([
    'src/**/*.ts',
    'deploy/*.env.example',
    'test/recordings.test.ts',
    'test/faults/*.ts',
    'test/support/depth.ts',
    'docker-compose.yml'
  ])
  const code = sources.map((file) => readFileSync(file, 'utf8')).join('\n')
  const names = named(/`([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)[`=]/g)
  expect(names.length).toBeGreaterThan(40)
  expect(names.filter((name) => !new RegExp(`\\b${name}\\b`).test(code))).toEqual([])
})

test('every address is one that the API answers', async () => {
  const { paths } = await documentOf(await world.startApi())
  const known = Object.keys(paths).map((path) => path.replaceAll(/\{(\w+)\}/g, ':$1'))
  const addresses = named(/(\/api\/[\w/:-]*\w)/g)
  expect(addresses.length).toBeGreaterThan(10)
  const isKnown = (address: string) =>
    known.some((path) => path === address || path.startsWith(`${address}/`) || isCalled(address, path))
  expect(addresses.filter((address) => !isKnown(address))).toEqual([])
})

/** `/quote/AAPL` calls `/quote/:symbol`. */
function isCalled(address: string, path: string): boolean {
  return new RegExp(`^${path.replaceAll(/:\w+/g, '[^/]+')}$`).test(address)
}
