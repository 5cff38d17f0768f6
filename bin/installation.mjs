// What every program of bin needs: installed dependencies and Node 24. Plain JavaScript without dependencies, because it must
// run on any Node before anything is installed. What it says goes to stderr: the standard output belongs to what is run.
import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const REQUIRED_NODE_MAJOR = 24
const HEARTBEAT_MS = 5000

export const root = dirname(dirname(fileURLToPath(import.meta.url)))
const modules = join(root, 'node_modules')
/** Where Node keeps compiled code from one start to the next, for every process that one of ours starts. */
export const COMPILE_CACHE = join(modules, '.cache', 'node-compile-cache')
const markerFile = join(modules, '.quotewire-installed')
export const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP']
export const say = (text) => process.stderr.write(`${text}\n`)

/** Why something cannot be run, in words for whoever asked for it. */
export class Refusal extends Error {}

/**
 * Whether node_modules belongs to the lock. A marker with the lock's hash says so in one comparison; where somebody ran
 * npm by hand there is none, and npm's own record of what it installed is compared package by package.
 */
export function isInstalled() {
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

/** Brings node_modules up to the lock, by npm. */
export async function install() {
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

/** The program of a Node that is new enough: this one, or the one that npm installed. */
export function chooseNode() {
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

/** 24 of `24.21.0`. */
export function majorOf(version) {
  return Number(version.split('.')[0])
}

function readOptional(file) {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return undefined
  }
}
