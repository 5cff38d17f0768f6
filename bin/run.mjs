// Runs a TypeScript file or a program of node_modules with everything it needs: installed dependencies and Node 24.
import { spawn } from 'node:child_process'
import { existsSync, realpathSync } from 'node:fs'
import { constants } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { chooseNode, COMPILE_CACHE, install, isInstalled, Refusal, root, say, SIGNALS } from './installation.mjs'

/**
 * V8 would let its young generation grow by a hundred megabytes; collections of a small one are short. It would collect all
 * of its memory whenever 64 MB of buffers came, which is several times a second under load, instead of counting them with the rest.
 * Stripping types for browsers is what Node calls experimental in 24, and says so into the log.
 */
const NODE_OPTIONS = [
  '--max-semi-space-size=16',
  '--external-memory-accounted-in-global-limit',
  '--disable-warning=ExperimentalWarning'
]
/** Ctrl-C reaches this process from the terminal and from npm, which passes signals on: two within this time are one. */
const SAME_SIGNAL_MS = 300
const PARENT_CHECK_MS = 250

const bin = join(root, 'node_modules', '.bin')

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

function program(name) {
  const link = join(bin, name)
  if (existsSync(link)) return realpathSync(link)
  throw new Refusal(`${name} is not installed. Were development dependencies left out (NODE_ENV, npm's omit)?`)
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
    env: {
      NODE_COMPILE_CACHE: COMPILE_CACHE,
      ...process.env,
      PATH: [dirname(node), bin, process.env.PATH ?? ''].join(delimiter)
    }
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

try {
  process.exitCode = await main(process.argv.slice(2))
} catch (error) {
  say(error instanceof Refusal ? error.message : error.stack)
  process.exitCode = 1
}
