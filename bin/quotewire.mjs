#!/usr/bin/env node
// The command line. What it runs needs no package, so nothing is installed for it where Node is new enough to run it.
import { spawn } from 'node:child_process'
import { constants } from 'node:os'
import { fileURLToPath } from 'node:url'
import {
  chooseNode,
  COMPILE_CACHE,
  install,
  isInstalled,
  majorOf,
  Refusal,
  REQUIRED_NODE_MAJOR,
  say,
  SIGNALS
} from './installation.mjs'

async function main(args) {
  if (majorOf(process.versions.node) < REQUIRED_NODE_MAJOR) return withNewerNode(args)
  // Older ones have no such export to link to.
  const { enableCompileCache } = await import('node:module')
  enableCompileCache(COMPILE_CACHE)
  const { run } = await import('../src/cli/main.ts')
  return run(args)
}

/** The same once more. It stays in the terminal's foreground, for it hears of Ctrl-C and of new sizes from there. */
async function withNewerNode(args) {
  if (!isInstalled()) await install()
  const child = spawn(chooseNode(), [fileURLToPath(import.meta.url), ...args], { stdio: 'inherit' })
  for (const signal of SIGNALS) process.on(signal, () => child.kill(signal))
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
