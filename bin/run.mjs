// Runs a TypeScript file or a program of node_modules with everything it needs: installed dependencies and Node 24.
// Plain JavaScript without dependencies, because it must run on any Node before anything is installed.
// What it says goes to stderr: the standard output belongs to what it runs.
import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, realpathSync, writeFileSync } from 'node:fs'
import { constants } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const REQUIRED_NODE_MAJOR = 24
/** V8 would let its young generation grow by a hundred megabytes; collections of a small one are short. */
const NODE_OPTIONS = ['--max-semi-space-size=16']
const HEARTBEAT_MS = 5000
/** Ctrl-C reaches this process from the terminal and from npm, which passes signals on: two within this time are one. */
const SAME_SIGNAL_MS = 300
const PARENT_CHECK_MS = 250

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const modules = join(root, 'node_modules')
const bin = join(modules, '.bin')
/** Where Node keeps compiled code from one start to the next, for every process that one of ours starts. */
const COMPILE_CACHE = { NODE_COMPILE_CACHE: join(modules, '.cache', 'node-compile-cache') }
const markerFile = join(modules, '.quotewire-installed')
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP']
const say = (text) => process.stderr.write(`${text}\n`)

class Refusal extends Error {}

async function main([target, ...args]) {
  if (!target) throw new Refusal('Usage: node bin/run.mjs <file.ts | program> [arguments]')
  const isProgram = !target.endsWith('.ts')
  if (!isInstalled() || (isProgram && !existsSync(join(bin, target)))) await install()
  const script = isProgram ? program(target) : join(root, target)
  // What the environment says already counts more than the file.
  const settings = !isProgram && existsSync(join(root, '.env')) ? [`--env-file=${join(root, '.env')}`] : []
  const options = isProgram ? [] : [...NODE_OPTIONS, ...settings]
  return run(chooseNode(), [...options, script, ...args], isProgram)
}

/**
 * Whether node_modules belongs to the lock. A marker with the lock's hash says so in one comparison; where somebody ran
 * npm by hand there is none, and npm's own record of what it installed is compared package by package.
 */
function isInstalled() {
  const lock = readFileSync(join(root, 'package-lock.json'))
  if (readOptional(markerFile) === markerOf(lock)) return true
  const record = readOptional(join(modules, '.package-lock.json'))
  if (record === undefined) return false

  const installed = JSON.parse(record).packages
  const complete = Object.entries(JSON.parse(lock.toString()).packages).every(([path, wanted]) => {
    if (path === '') return true
    const found = installed[path]
    return found ? found.version === wanted.version : wanted.optional || wanted.dev || wanted.devOptional || wanted.peer
  })
  if (complete) mark(lock)
  return complete
}

function markerOf(lock) {
  return `${createHash('sha256').update(lock).digest('hex')} ${process.platform} ${process.arch}`
}

function mark(lock) {
  try {
    writeFileSync(markerFile, markerOf(lock))
  } catch {
    // node_modules is not ours to write: the next start compares again
  }
}

async function install() {
  say('Installing dependencies with npm ci (once, and after updates; about half a minute)')
  const started = Date.now()
  const seconds = () => Math.round((Date.now() - started) / 1000)
  const heartbeat = setInterval(() => say(`  still installing, ${seconds()} s`), HEARTBEAT_MS)
  const { code, signal, output } = await npmInstall().finally(() => clearInterval(heartbeat))
  if (signal) throw new Refusal(`The installation was interrupted (${signal}); the next run starts it again`)
  if (code !== 0) throw new Refusal(`${output.trim()}\nnpm ci failed. Is the npm registry reachable from this machine?`)
  mark(readFileSync(join(root, 'package-lock.json')))
  say(`Installed in ${seconds()} s`)
}

/** The npm that runs this script, with its own Node: the one in node_modules is about to be replaced. */
function npmInstall() {
  const cli = process.env.npm_execpath?.endsWith('npm-cli.js') ? process.env.npm_execpath : undefined
  const flags = ['ci', '--no-audit', '--no-fund', '--loglevel=error']
  const child = cli
    ? spawn(process.env.npm_node_execpath ?? process.execPath, [cli, ...flags], { cwd: root })
    : spawn('npm', flags, { cwd: root })
  const passOn = (signal) => child.kill(signal)
  for (const signal of SIGNALS) process.on(signal, passOn)
  let output = ''
  child.stdout.on('data', (chunk) => (output += chunk))
  child.stderr.on('data', (chunk) => (output += chunk))
  return new Promise((resolve) => {
    child.once('error', (error) => resolve({ code: 1, output: `npm could not be run: ${error.message}` }))
    child.once('close', (code, signal) => resolve({ code, signal, output }))
  }).finally(() => {
    for (const signal of SIGNALS) process.off(signal, passOn)
  })
}

function program(name) {
  const link = join(bin, name)
  if (existsSync(link)) return realpathSync(link)
  throw new Refusal(`${name} is not installed. Were development dependencies left out (NODE_ENV, npm's omit)?`)
}

function chooseNode() {
  if (majorOf(process.versions.node) >= REQUIRED_NODE_MAJOR) return process.execPath
  // npm 10 installs the package without linking its program into .bin.
  const packaged = join(modules, `node-${process.platform}-${process.arch}`, 'bin', 'node')
  const { status, stdout } = spawnSync(packaged, ['-p', 'process.versions.node'], { encoding: 'utf8' })
  if (status === 0 && majorOf(stdout) >= REQUIRED_NODE_MAJOR) return packaged
  throw new Refusal(
    `Quotewire needs Node.js ${REQUIRED_NODE_MAJOR} or newer. This is ${process.version}, and npm has none that runs on ` +
      `${process.platform} ${process.arch}. Install one, for example from https://nodejs.org/, and run this again.`
  )
}

function majorOf(version) {
  return Number(version.split('.')[0])
}

/**
 * Runs the target in a session of its own, so that the terminal's Ctrl-C does not reach it past this process, which
 * passes each signal on once and then waits. A TypeScript target sees its IPC channel close if this process is killed.
 */
function run(node, args, isProgram) {
  const child = spawn(node, args, {
    cwd: root,
    detached: true,
    stdio: ['inherit', 'inherit', 'inherit', ...(isProgram ? [] : ['ipc'])],
    env: { ...COMPILE_CACHE, ...process.env, PATH: [dirname(node), bin, process.env.PATH ?? ''].join(delimiter) }
  })
  // npm ended by kill -9 says nothing, and a shell between npm and this process dies of the signal that npm passes on.
  const npm = process.env.npm_command && process.ppid
  const watch = setInterval(() => {
    if (!npm || process.ppid === npm) return
    clearInterval(watch)
    child.kill('SIGTERM')
  }, PARENT_CHECK_MS)
  watch.unref()

  const lastAt = new Map()
  for (const signal of SIGNALS) {
    process.on(signal, () => {
      const now = Date.now()
      if (now - (lastAt.get(signal) ?? 0) > SAME_SIGNAL_MS) child.kill(signal)
      lastAt.set(signal, now)
    })
  }
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code, signal) => resolve(code ?? 128 + constants.signals[signal]))
  })
}

function readOptional(file) {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return undefined
  }
}

try {
  process.exitCode = await main(process.argv.slice(2))
} catch (error) {
  say(error instanceof Refusal ? error.message : error.stack)
  process.exitCode = 1
}
