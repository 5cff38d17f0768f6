import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { text } from 'node:stream/consumers'
import { checkImports } from './import-rules.ts'
import { lockProblems, type Lock } from './lock-rules.ts'

/** What a gate found, and what it says of it. */
type Verdict = { readonly passed: boolean; readonly output: string }

/** `npm run check`: every static gate, side by side. All of them run, so that one round shows everything that is wrong. */
const gates: [name: string, run: () => Promise<Verdict>][] = [
  ['format', () => command('prettier', ['--check', '--log-level', 'warn', '.'])],
  ['lint', () => command('oxlint', ['--type-aware', '--deny-warnings'])],
  ['types', () => command('tsc', ['-p', '.'])],
  ['types in browsers', () => command('tsc', ['-p', 'examples'])],
  ['types of the console', () => command('tsc', ['-p', 'src/console'])],
  ['imports', imports],
  ['lock', lock]
]

const failed: string[] = []
await Promise.all(
  gates.map(async ([name, run]) => {
    const startedAt = performance.now()
    const { passed, output } = await run()
    if (!passed) failed.push(name)
    const took = ((performance.now() - startedAt) / 1000).toFixed(1)
    console.log(`${output}${passed ? 'passed' : 'FAILED'}  ${name} (${took} s)`)
  })
)
if (failed.length > 0) {
  console.error(`npm run check: ${failed.join(', ')} failed`)
  process.exitCode = 1
}

async function command(name: string, args: string[]): Promise<Verdict> {
  const child = spawn(name, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  const [[status], ...said] = await Promise.all([once(child, 'close'), text(child.stdout), text(child.stderr)])
  return { passed: status === 0, output: said.join('') }
}

async function imports(): Promise<Verdict> {
  const { modules, imports, violations } = await checkImports(process.cwd())
  if (modules < 20 || imports < modules) {
    violations.push(`only ${modules} modules and ${imports} imports were read: the gate looks at the wrong place`)
  }
  return verdictOf(violations)
}

async function lock(): Promise<Verdict> {
  return verdictOf(lockProblems(JSON.parse(await readFile('package-lock.json', 'utf8')) as Lock))
}

function verdictOf(problems: readonly string[]): Verdict {
  return { passed: problems.length === 0, output: problems.map((problem) => `${problem}\n`).join('') }
}
