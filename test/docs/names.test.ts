import { existsSync, globSync, readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { documentOf } from '../routes/documented-routes.ts'
import { startWorld, type Api, type ApiWorld } from '../support/api.ts'

/** In tables and lists of what there is; requirements.md names what is not built too, and has a test of its own. */
const FILES = ['README.md', ...globSync('docs/*.md')].filter((file) => file !== 'docs/requirements.md')
const texts = FILES.map((file) => readFileSync(file, 'utf8'))
const named = (pattern: RegExp) => [
  ...new Set(texts.flatMap((text) => [...text.matchAll(pattern)].map(([, name]) => name!)))
]

let world: ApiWorld
let api: Api

beforeAll(async () => {
  world = await startWorld()
  api = await world.startApi()
})
afterAll(() => world.close())

test('nobody is sent to a file that does not exist', () => {
  const paths = named(/[`(](?:\.\.\/)?((?:src|workers|db|test|load|docs|deploy|bin|\.ci)\/[\w./-]+)[`)]/g)
  expect(paths.length).toBeGreaterThan(15)
  expect(paths.filter((path) => !existsSync(path))).toEqual([])
})

test('every command is one of package.json', () => {
  const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: Record<string, string> }
  const commands = named(/npm run ([\w:]*\w)/g)
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
  const { paths } = await documentOf(api)
  const known = Object.keys(paths).map((path) => path.replaceAll(/\{(\w+)\}/g, ':$1'))
  const addresses = named(/(\/api\/[\w/:-]*\w)/g)
  expect(addresses.length).toBeGreaterThan(10)
  const isKnown = (address: string) =>
    known.some((path) => path === address || path.startsWith(`${address}/`) || isCalled(address, path))
  expect(addresses.filter((address) => !isKnown(address))).toEqual([])
})

describe('/llms.txt', () => {
  let text: string
  beforeAll(async () => {
    const answer = await api.get('/llms.txt')
    expect(answer.headers['content-type']).toBe('text/plain; charset=utf-8')
    text = answer.body
  })

  test('sends nobody to what does not answer, and to the guides as they stand', async () => {
    const links = [...text.matchAll(/\]\((\/[^)]+)\)/g)].map(([, path]) => path!)
    const answers = await Promise.all(links.map(async (path) => [path, (await api.get(path)).status] as const))
    expect(answers.filter(([, status]) => status !== 200)).toEqual([])
    expect(links).toContain('/docs/live')
    const guide = await api.get('/docs/guides/mcp.md')
    expect(guide.headers['content-type']).toBe('text/markdown; charset=utf-8')
    expect(guide.body).toBe(readFileSync('docs/mcp.md', 'utf8'))
    expect(readFileSync('Dockerfile', 'utf8'), 'the image holds them').toContain('COPY docs docs')
  })

  test('tells every route of the market, how to authenticate, and whether prices are real', () => {
    const routes = [...text.matchAll(/^- `(GET|POST) (\/api\S+)`: \S/gm)].map(([, method, path]) => `${method} ${path}`)
    expect(routes).toEqual(expect.arrayContaining(['GET /api/v1/market/quote/{symbol}', 'POST /api/v1/market/search']))
    expect(routes.some((route) => route.includes('/admin'))).toBe(false)
    expect(text).toContain('Authorization: Bearer')
    expect(text).toContain('asks real vendors')
    expect(text.length).toBeLessThan(12_000)
  })
})

/** `/quote/AAPL` calls `/quote/:symbol`. */
function isCalled(address: string, path: string): boolean {
  return new RegExp(`^${path.replaceAll(/:\w+/g, '[^/]+')}$`).test(address)
}
