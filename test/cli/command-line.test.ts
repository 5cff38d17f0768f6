import { execFileSync, spawn, spawnSync, type ChildProcessWithoutNullStreams } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readdir, readFile, readlink } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join, resolve } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { holdHome } from '../../src/embedded/home-lock.ts'
import { homeOf } from '../../src/embedded/home.ts'
import { publishRunning } from '../../src/embedded/running.ts'
import { keptSecret } from '../../src/embedded/secret.ts'
import { startWorld, type Api, type ApiWorld } from '../support/api.ts'
import { quoteEvent, quoteOf, tradeEvent } from '../support/events.ts'
import { privateFolder } from '../support/folders.ts'
import { BARE_ENV } from '../support/processes.ts'
import { smallVendor } from '../support/small-vendor.ts'
import { startWorkerProcess } from '../workers/world.ts'

const PROGRAM = resolve('bin/quotewire.mjs')
const isThere = (program: string) => spawnSync(program, ['--version']).status === 0
const hasTerminals = process.platform === 'linux' && ['script', 'stty', 'pgrep'].every(isThere)
/** Clears the screen, sets the title, and begins a sequence by a C1 character. */
const HOSTILE = 'Evil\x1b[2J\x1b]0;mine\x07\x9b31m Inc.'

let world: ApiWorld
let api: Api
let url: string
let key: string

beforeAll(async () => {
  world = await startWorld()
  api = await world.startApi()
  url = await api.app.listen({ host: '127.0.0.1', port: 0 })
  ;({ key } = await api.login(['market:read', 'stream:read']))
})
afterAll(() => world.close())

type Env = Record<string, string | undefined>

function start(args: readonly string[], env: Env = {}, cwd?: string): ChildProcessWithoutNullStreams {
  const here = { QUOTEWIRE_URL: url, QUOTEWIRE_KEY: key, QUOTEWIRE_HOME: '/nonexistent/home' }
  const child = spawn(process.execPath, [PROGRAM, ...args], { env: { ...BARE_ENV, ...here, ...env }, cwd })
  onTestFinished(() => void child.kill('SIGKILL'))
  return child
}

async function run(args: readonly string[], env: Env = {}, cwd?: string) {
  const child = start(args, env, cwd)
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
  return { code: child.exitCode, stdout, stderr }
}

const jsonOf = (lines: string) =>
  lines
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, never>)

test('a script reads a line of JSON for each quote, and is told beside it which symbol there is none of', async () => {
  const { code, stdout, stderr } = await run(['quote', 'AAPL', 'NOSUCHX', 'brk-b'])
  expect([code, stderr]).toEqual([4, 'NOSUCHX: No provider knows NOSUCHX\n'])
  expect(jsonOf(stdout)).toMatchObject([
    { symbol: 'AAPL', price: 231.4, asOf: expect.stringMatching(/Z$/), provenance: { source: 'yahoo', state: 'live' } },
    { symbol: 'BRK.B', price: 452.1 }
  ])
})

test.each([
  ['a command that there is none of', ['qoute', 'AAPL'], {}, 2, '"qoute" is no command; quote was probably meant'],
  ['a date that the server refuses', ['history', 'AAPL', '--from', '2999-01-01'], {}, 2, 'from lies in the future'],
  ['a key that opens nothing', ['quote', 'AAPL'], { QUOTEWIRE_KEY: 'qw_wrong' }, 3, 'API key'],
  ['a stream by such a key', ['stream', 'AAPL'], { QUOTEWIRE_KEY: 'qw_wrong' }, 3, 'API key'],
  ['no key', ['quote', 'AAPL'], { QUOTEWIRE_KEY: undefined }, 3, 'No API key'],
  ['a symbol that nobody knows', ['history', 'NOSUCHX'], {}, 4, 'No provider knows NOSUCHX'],
  ['a stream of nothing', ['stream', 'NOSUCHX'], {}, 4, 'NOSUCHX: No provider knows NOSUCHX'],
  ['a server that is not there', ['quote', 'AAPL', '--url', 'http://127.0.0.1:9'], {}, 5, 'cannot be reached'],
  ['no server', ['quote', 'AAPL'], { QUOTEWIRE_URL: undefined }, 5, 'npm start does not run here']
] as const)('%s: one line says it, and the exit code what kind it is', async (_name, args, env, code, said) => {
  const ended = await run(args, env)
  expect(ended).toMatchObject({ code, stdout: '' })
  expect(ended.stderr).toContain(said)
  expect(ended.stderr.trimEnd()).not.toContain('\n')
})

test('nothing of the server is loaded to ask for a quote', async () => {
  const folder = await privateFolder()
  expect(await run(['quote', 'AAPL'], { NODE_V8_COVERAGE: folder })).toMatchObject({ code: 0 })
  const [report] = await readdir(folder)
  const { result } = JSON.parse(await readFile(join(folder, report!), 'utf8')) as { result: { url: string }[] }
  const own = result.flatMap(({ url }) => (url.startsWith('file:') ? [new URL(url).pathname] : []))
  const modules = own.map((path) => path.replace(`${process.cwd()}/`, ''))
  expect(modules).toContain('src/cli/quote.ts')
  const light =
    /^(bin|src\/(cli|client))\/|^src\/(version|timeout|market\/time|market\/edit-distance)\.ts$|^src\/embedded\/(home|home-lock|running|secret|server-process)\.ts$/
  expect(modules.filter((path) => !light.test(path))).toEqual([])
})

test('npm start needs no settings: its server and its key are found, and the key is shown to no other server', async () => {
  const root = await privateFolder()
  const home = homeOf(root, 'live')
  const lock = await holdHome(root, home.market)
  onTestFinished(() => lock.release())
  await publishRunning(home, { pid: process.pid, url, databaseUrl: '', redisUrl: '' })
  await keptSecret(home.firstKey, () => key)
  const env = { QUOTEWIRE_HOME: root, QUOTEWIRE_URL: undefined, QUOTEWIRE_KEY: undefined }
  expect(await run(['quote', 'AAPL'], env)).toMatchObject({ code: 0, stderr: '' })

  const shown: (string | undefined)[] = []
  const stranger = createServer(({ headers }, response) => {
    shown.push(headers.authorization)
    response.end('{}')
  })
  await once(stranger.listen(0, '127.0.0.1'), 'listening')
  onTestFinished(() => void stranger.close())
  const elsewhere = `http://127.0.0.1:${(stranger.address() as AddressInfo).port}`
  expect(await run(['quote', 'AAPL', '--url', elsewhere], env)).toMatchObject({ code: 3 })
  expect(shown).toEqual([])
})

test('history becomes the file that was asked for where npm was called, one for each symbol', async () => {
  const folder = await privateFolder()
  const env = { npm_lifecycle_event: 'cli', npm_package_name: 'quotewire', INIT_CWD: folder }
  const saved = await run(['history', 'AAPL', 'brk-b', '--range', '5d', '--out', '{symbol}.csv'], env)
  expect(saved).toMatchObject({ code: 0, stdout: '' })
  expect(saved.stderr).toMatch(
    /^AAPL\.csv: [\d.]+k?B, yahoo\/sandbox, of \S+Z, live, adjusted: splits, USD\nBRK\.B\.csv: /
  )
  const rows = (await readFile(join(folder, 'AAPL.csv'), 'utf8')).trimEnd().split('\n')
  expect(rows[0]).toContain('start,open,high,low,close,volume,complete')
  expect(rows).toHaveLength(4)
  const parquet = await run(['history', 'AAPL', '--out', 'aapl.parquet'], {}, folder)
  expect([parquet.code, (await readFile(join(folder, 'aapl.parquet'), 'latin1')).slice(0, 4)]).toEqual([0, 'PAR1'])
  expect((await readdir(folder)).sort()).toEqual(['AAPL.csv', 'BRK.B.csv', 'aapl.parquet'])
  const all = await run(['history', 'AAPL', 'NOSUCHX', 'brk-b', '--range', '5d'])
  expect(all).toMatchObject({ code: 0, stderr: '' })
  const rowsOf = Map.groupBy(jsonOf(all.stdout), ({ symbol }) => String(symbol))
  expect([...rowsOf].map(([symbol, rows]) => [symbol, rows.length])).toEqual([
    ['AAPL', 3],
    ['NOSUCHX', 1],
    ['BRK.B', 3]
  ])
  expect(rowsOf.get('NOSUCHX')).toEqual([{ symbol: 'NOSUCHX', error: 'SYMBOL_NOT_FOUND' }])
  expect(rowsOf.get('AAPL')![0]).toMatchObject({ close: 101, source: 'yahoo', state: 'live' })
})

test('an export that breaks off, or that Ctrl-C ends, leaves no file that looks whole', async () => {
  const folder = join(await privateFolder(), 'new')
  await mkdir(folder)
  const asked = Promise.withResolvers<() => void>()
  const broken = createServer((_request, response) => {
    response.writeHead(200, { 'content-type': 'text/csv', 'quotewire-symbol': 'AAPL' })
    response.write('start,open\n2026-01-02,1\n', () => asked.resolve(() => response.destroy()))
  })
  await once(broken.listen(0, '127.0.0.1'), 'listening')
  onTestFinished(() => broken.closeAllConnections())
  const elsewhere = `http://127.0.0.1:${(broken.address() as AddressInfo).port}`
  const args = ['history', 'AAPL', '--url', elsewhere, '--out', 'a.csv']
  const ended = run(args, {}, folder)
  const breakOff = await asked.promise
  breakOff()
  expect(await ended).toMatchObject({ code: 1, stderr: 'quotewire: The answer broke off before its end\n' })

  const child = start(args, {}, folder)
  await expect.poll(() => readdir(folder)).toEqual([expect.stringMatching(/^a\.csv\.\d+\.part$/)])
  child.kill('SIGINT')
  await once(child, 'close')
  expect([child.exitCode, await readdir(folder)]).toEqual([130, []])
  broken.close()
})

const publish = (prices: readonly number[]) =>
  api.core.eventLog.append(prices.map((price) => tradeEvent('AAPL', price, 1)))
const pricesIn = (output: string) =>
  jsonOf(output).flatMap(({ type, data }) =>
    type === 'trade' ? [(data as unknown as { trade: { price: number } }).trade.price] : []
  )

test('a slow reader of a stream gets every trade once, in order, over a restart of the server; one that has enough just goes', async () => {
  const child = start(['stream', 'AAPL', '--stream', 'trades'])
  let output = ''
  const read = () => child.stdout.on('data', (chunk) => (output += chunk)).resume()
  const told = text(child.stderr)
  read()
  await expect.poll(() => output).toContain('"snapshot"')
  child.stdout.removeAllListeners('data')
  child.stdout.pause()
  const prices = Array.from({ length: 5000 }, (_, at) => 1 + at)
  await publish(prices.slice(0, 4000))
  await api.app.close()
  await publish(prices.slice(4000, 4500))
  api = await world.startApi()
  await api.app.listen({ host: '127.0.0.1', port: Number(new URL(url).port) })
  await publish(prices.slice(4500))
  read()
  await expect.poll(() => output.split('\n').length).toBeGreaterThan(5001)
  expect(pricesIn(output)).toEqual(prices)
  expect(jsonOf(output).filter(({ cursor }) => typeof cursor !== 'string')).toEqual([])

  child.stdout.destroy()
  await expect
    .poll(async () => {
      await publish([9999])
      return child.exitCode
    })
    .toBe(0)
  expect(
    (await told).split('\n').filter((line) => !/^(The connection is lost: |Connected again|$)/.test(line))
  ).toEqual([])
})

/** A terminal of so many columns, that the program is run in by a shell; what is typed goes to `stdin`. */
function terminal(command: string, columns: number, env: Env = {}) {
  const shell = `trap : INT; stty rows 20 cols ${columns}; ${process.execPath} ${PROGRAM} ${command}; echo "code $?"`
  const here = { QUOTEWIRE_URL: url, QUOTEWIRE_KEY: key, QUOTEWIRE_HOME: '/nonexistent/home', TERM: 'xterm-256color' }
  const child = spawn('script', ['-qfc', shell, '/dev/null'], {
    env: { ...BARE_ENV, SHELL: '/bin/sh', ...here, ...env }
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  const screen = { text: '' }
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (screen.text += chunk))
  return { screen, type: (keys: string) => child.stdin.write(keys), closed: once(child, 'close') }
}
// oxlint-disable-next-line no-control-regex -- what a terminal is told
const withoutStyles = (shown: string) => shown.replaceAll(/\x1b\[[0-9;]*m/g, '')

test.skipIf(!hasTerminals)(
  'quotes on a terminal have a line of their month, in a pipe none (needs script)',
  async () => {
    const { screen, closed } = terminal('quote AAPL', 160)
    await closed
    expect(withoutStyles(screen.text)).toMatch(/Symbol .*Month.*\s+AAPL .*231\.40 .*[▁-█]{2,16} /)
    // What is streamed takes the place of what was asked for before.
    const asked = await api.core.marketData.quote('BRK.B')
    await expect.poll(() => Date.now()).toBeGreaterThan(Date.parse(asked.value.asOf))
    const { provenance, asOf } = quoteOf('BRK.B', 452.1)
    const parts = [{ source: 'massive', feed: 'consolidated' as const, asOf, groups: ['book' as const] }]
    await api.core.eventLog.append([quoteEvent('BRK.B', 452.1, { provenance: { ...provenance, parts } })])
    await expect.poll(async () => (await api.core.marketData.quote('BRK.B')).value.provenance).toHaveProperty('parts')
    const { stdout } = await run(['quote', 'AAPL', 'BRK.B', '--format', 'table'])
    expect(stdout).not.toMatch(/Month|[▁-█]/)
    expect(stdout).toMatch(/BRK\.B .*sandbox\/sandbox +live +book of massive\/consolidated/)
  }
)

test.skipIf(!hasTerminals)(
  'a terminal shows a table that is redrawn in place, fits it, and is gone after Ctrl-C (needs script, stty and pgrep)',
  async () => {
    const { screen, type, closed } = terminal('stream AAPL MSFT', 100)
    await expect.poll(() => screen.text).toContain('231.40')
    expect(screen.text.indexOf('\x1b[?1049h\x1b[?25l')).toBeGreaterThanOrEqual(0)
    await api.core.eventLog.append([quoteEvent('AAPL', 777.5, { name: HOSTILE })])
    await expect.poll(() => screen.text).toContain('777.50')
    const shown = withoutStyles(screen.text.slice(screen.text.lastIndexOf('\x1b[H')))
    expect(shown).toMatch(/^.*Symbol +Price .*Trend +Age +Source +State/)
    expect(shown).toMatch(/AAPL +777\.50 .*▁█ +\d+ s +sandbox\/sandbox +live/)
    expect(shown).toMatch(/MSFT +418\.25 .*yahoo\/sandbox/)
    expect(shown).toContain('● connected')

    const pid = execFileSync('pgrep', ['-nf', `${PROGRAM} stream AAPL MSFT`], { encoding: 'utf8' }).trim()
    const before = screen.text.length
    execFileSync('stty', ['-F', await terminalOf(pid), 'cols', '40'])
    await expect.poll(() => screen.text.slice(before)).toMatch(/AAPL/)
    const frame = () => withoutStyles(screen.text.slice(screen.text.lastIndexOf('\x1b[H') + 3))
    await expect
      .poll(() =>
        Math.max(
          ...frame()
            .split('\x1b[K')
            .map((line) => line.trim().length)
        )
      )
      .toBeLessThanOrEqual(40)

    type('\x03')
    await closed
    expect(screen.text).toContain('code 130')
    const left = screen.text.lastIndexOf('\x1b[?25h\x1b[?1049l')
    expect(left).toBeGreaterThan(screen.text.lastIndexOf('\x1b[?2026h'))
    expect(withoutStyles(screen.text.slice(left))).toMatch(/AAPL +777\.50[^]*--since \S+ goes on from here/)
  }
)

const terminalOf = (pid: string) => readlink(`/proc/${pid}/fd/1`)

test.skipIf(!hasTerminals)(
  'names that hold escape sequences reach no terminal raw; NO_COLOR leaves colours out (needs script, stty and pgrep)',
  async () => {
    const search = api.vendor.search!.bind(api.vendor)
    onTestFinished(() => void (api.vendor.search = search))
    api.vendor.search = async (query) => ({
      query,
      matches: [{ symbol: 'AAPL', name: HOSTILE }],
      provenance: {
        source: 'yahoo',
        feed: 'sandbox',
        receivedAt: new Date().toISOString(),
        state: 'live',
        attempts: []
      }
    })
    const coloured = terminal('search evil', 100)
    const plain = terminal('search evil', 100, { NO_COLOR: '1' })
    await Promise.all([coloured.closed, plain.closed])
    expect(coloured.screen.text).toContain('\x1b[2mSymbol')
    expect(plain.screen.text).toMatch(/^Symbol +Name +Currency\s+AAPL +Evil[^]*yahoo\/sandbox, \d s old, live/)
    // oxlint-disable-next-line no-control-regex -- all but the line ends of a terminal
    expect(plain.screen.text).not.toMatch(/[\x00-\x09\x0b\x0c\x0e-\x1f\x7f-\x9f]/)
    expect(withoutStyles(coloured.screen.text)).toBe(plain.screen.text)
  }
)

test('the examples of docs/command-line.md work as they are printed', async () => {
  const [, script] = /```sh run\n([^]*?)```/.exec(await readFile('docs/command-line.md', 'utf8'))!
  const folder = await privateFolder()
  const env = { ...BARE_ENV, QUOTEWIRE_URL: url, QUOTEWIRE_KEY: key, NODE: process.execPath, PROGRAM }
  const shell = `set -euo pipefail; quotewire() { "$NODE" "$PROGRAM" "$@"; }; node() { "$NODE" "$@"; }\n${script}`
  const child = spawn('bash', ['--norc', '-c', shell], { env, cwd: folder })
  const trading = setInterval(() => void publish([231.4, 231.5]), 100)
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
  clearInterval(trading)
  expect({ code: child.exitCode, stdout, stderr }).toMatchObject({ code: 0 })
  expect(stdout).toMatch(/^AAPL\t[\d.]+\t\S+Z\t\S+\tlive\nMSFT\t/)
  expect(stdout).toContain('AAPL.csv\nMSFT.csv\naapl.parquet\n')
  expect(stdout).toContain('Apple Inc.')
  expect(stdout).toMatch(/yahoo +answered/)
  expect(stdout).toMatch(/"part":"server","name":"[^"]+","state":"ok"/)
  expect(stderr).toContain('No gaps')
})

test('a backfill is watched until its bars are stored, and says of which symbols they are not all', async () => {
  const vendors = { providers: new Map([['yahoo' as const, smallVendor()]]) }
  const { databaseUrl, redisUrl } = world
  const worker = await startWorkerProcess({ name: 'one', databaseUrl, redisUrl, vendors })
  onTestFinished(() => worker.close())
  const env = { QUOTEWIRE_KEY: (await api.login(['admin:read', 'admin:write'])).key }
  const range = ['--from', '2024-01-01', '--to', '2024-06-30']
  const [done, partly, refused] = await Promise.all([
    run(['backfill', 'AAPL', ...range], env),
    run(['backfill', 'MSFT', 'NOPE', ...range], env),
    run(['backfill', 'AAPL', ...range])
  ])
  expect(done).toEqual({ code: 0, stdout: '', stderr: '3 bars are stored\n' })
  expect(partly).toEqual({ code: 1, stdout: '', stderr: '3 bars are stored; not all bars of NOPE\n' })
  expect(refused).toMatchObject({ code: 3, stderr: expect.stringContaining('does not grant admin:write') as string })
})

test('programs that the project had before end as they do by themselves', async () => {
  const made = await run(['key', '--scope', 'market:read'], { DATABASE_URL: world.databaseUrl })
  expect(made).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('--user is missing') as string })
})
