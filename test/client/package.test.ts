import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readdir, readFile, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, inject, onTestFinished, test } from 'vitest'
import { writeClientPackage } from '../support/client-package.ts'
import { startWorld, type Api, type ApiWorld } from '../support/api.ts'
import { quoteEvent, tradeEvent } from '../support/events.ts'

const run = promisify(execFile)
/** Of the library and its types, compressed together by gzip. */
const MAX_BYTES = 15 * 1024
/** Named only by who asks what operators ask. */
const OPERATORS = 'operator-api.d.ts'
const TSC = resolve('node_modules/.bin/tsc')
const DOCS = await readFile('docs/client-library.md', 'utf8')

let world: ApiWorld
let api: Api
/** A project of somebody else, in which the package is installed. */
let project: string
let installed: string
beforeAll(async () => {
  const folder = await mkdtemp(join(inject('runFolder'), 'package-'))
  project = join(folder, 'project')
  installed = join(project, 'node_modules/quotewire')
  await Promise.all([install(folder), startApi()])
})
afterAll(() => world.close())

async function startApi() {
  world = await startWorld()
  api = await world.startApi()
  await api.app.listen({ host: '127.0.0.1', port: 0 })
}

async function install(folder: string) {
  await mkdir(installed, { recursive: true })
  await writeClientPackage(join(folder, 'package'))
  const { stdout } = await run('npm', ['pack', '--json', '--offline', '--pack-destination', folder, './package'], {
    cwd: folder
  })
  const [packed] = Object.values(JSON.parse(stdout) as Record<string, { filename: string }>)
  await run('tar', ['xzf', join(folder, packed!.filename), '-C', installed, '--strip-components=1'])
  await writeFile(join(project, 'package.json'), '{"type":"module"}')
}

/** Runs a printed example against the API; its lines come one by one. */
async function runExample(name: string) {
  const [, source] = new RegExp(`\`\`\`js ${name}\n([\\s\\S]*?)\`\`\``).exec(DOCS)!
  await writeFile(join(project, name), source!)
  const { key } = await api.login(['market:read', 'stream:read'])
  const { port } = api.app.server.address() as { port: number }
  const env = { PATH: process.env['PATH'], QUOTEWIRE_URL: `http://127.0.0.1:${port}`, QUOTEWIRE_KEY: key }
  const child = spawn(process.execPath, [name], { cwd: project, env, stdio: ['ignore', 'pipe', 'pipe'] })
  onTestFinished(() => void child.kill())
  return { child, lines: createInterface({ input: child.stdout }), errors: createInterface({ input: child.stderr }) }
}

test('the package is packed, installed elsewhere, and under 15 KB with its types', async () => {
  const files = await readdir(installed)
  expect(files).toEqual(expect.arrayContaining(['client.js', 'client.d.ts', 'api.d.ts', OPERATORS, 'package.json']))
  const parts = files.filter((file) => /\.(js|d\.ts)$/.test(file) && file !== OPERATORS)
  const contents = await Promise.all(parts.map((file) => readFile(join(installed, file))))
  expect(gzipSync(Buffer.concat(contents)).length).toBeLessThan(MAX_BYTES)
  expect(JSON.parse(await readFile(join(installed, 'package.json'), 'utf8'))).not.toHaveProperty('dependencies')
})

test('its types say what a path needs and what it answers', async () => {
  const script = `
    import { createClient, type Quote, type QuotewireError } from 'quotewire/client'
    const client = createClient({ url: 'http://127.0.0.1:3000', token: async () => 'token' })
    const quote: Quote = await client.get('/api/v1/market/quote/{symbol}', { path: { symbol: 'AAPL' } })
    const volume: number | undefined = quote.volume
    const { bars } = await client.get('/api/v1/market/historical/{symbol}', { path: { symbol: 'AAPL' }, query: { range: '1y' } })
    for await (const event of client.stream({ symbols: ['AAPL'], stream: 'bars.1m' })) {
      if (event.type === 'bar_update') bars.push(event.data.bar)
      if (event.type === 'connection' && event.data.state === 'lost') console.log(event.data.reason, volume)
    }
    // @ts-expect-error: it needs a symbol
    await client.get('/api/v1/market/quote/{symbol}')
    // @ts-expect-error: there is no such path
    await client.get('/api/v1/market/nothing')
    // @ts-expect-error: there is no such range
    await client.get('/api/v1/market/historical/{symbol}', { path: { symbol: 'AAPL' }, query: { range: '1w' } })
    // @ts-expect-error: operators ask it
    await client.get('/api/v1/market/jobs/runs')
    export const codeOf = ({ code }: QuotewireError): string => code
  `
  const ofOperators = `
    import { createClient } from 'quotewire/client'
    import type { LiveConnection } from 'quotewire/operators'
    const client = createClient({ url: 'http://127.0.0.1:3000', key: 'qw_x' })
    const { connections } = await client.get('/api/v1/admin/connections', { query: { limit: 10 } })
    const [first]: LiveConnection[] = connections
    if (first) await client.delete('/api/v1/admin/connections/{id}', { path: { id: first.id } })
    const { runs } = await client.get('/api/v1/market/jobs/runs')
    // @ts-expect-error: there is no such outcome
    runs.filter(({ outcome }) => outcome === 'lucky')
  `
  expect(await faultsOf(script)).toBe('')
  expect(await faultsOf(ofOperators)).toBe('')
})

/** What the compiler says of a script in that project. */
async function faultsOf(script: string): Promise<string> {
  await writeFile(join(project, 'script.ts'), script)
  const options = [
    '--noEmit',
    '--strict',
    '--module',
    'nodenext',
    '--target',
    'es2024',
    '--lib',
    'es2024,dom,dom.iterable'
  ]
  const { stdout } = await run(TSC, [...options, '--types', '', 'script.ts'], { cwd: project }).catch(
    (error: { stdout: string }) => error
  )
  return stdout
}

test('the printed example asks, for json and csv, and hears of what there is not', async () => {
  const { lines } = await runExample('ask.mjs')
  const printed: string[] = []
  for await (const line of lines) printed.push(line)
  expect(printed).toEqual([
    expect.stringMatching(/^AAPL 231.4 yahoo live as of /) as string,
    expect.stringMatching(/^start,open,high,low,close,volume/) as string,
    '404 SYMBOL_NOT_FOUND No provider knows NOSUCH'
  ])
})

test('the printed examples follow trades and quotes as they come', async () => {
  const following = await runExample('follow.mjs')
  await once(following.errors, 'line')
  const callbacks = await runExample('callbacks.mjs')
  const snapshots = once(callbacks.lines, 'line')
  const publishing = setInterval(() => {
    void api.core.eventLog.append([tradeEvent('BRK.B', 450.5, 0.3), quoteEvent('MSFT', 777)])
  }, 100)
  onTestFinished(() => clearInterval(publishing))
  expect(await once(following.lines, 'line')).toEqual(['BRK.B 450.5 0.3'])
  expect((await snapshots)[0]).toMatch(/^(AAPL|MSFT) \d/)
  for await (const line of callbacks.lines) if (line === 'MSFT 777') break
})

test('the printed hook for React is the one whose types are checked', async () => {
  expect(DOCS).toContain(await readFile('examples/react/use-quotes.ts', 'utf8'))
})
