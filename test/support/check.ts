import { spawnSync } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { checkImports } from './import-rules.ts'
import { lockProblems, type Lock } from './lock-rules.ts'

/** `npm run check`: every static gate in turn. All of them run, so that one round shows everything that is wrong. */
const gates: [name: string, run: () => Promise<boolean> | boolean][] = [
  ['format', () => command('prettier', ['--check', '--log-level', 'warn', '.'])],
  ['lint', () => command('oxlint', ['--type-aware', '--deny-warnings'])],
  ['types', () => command('tsc', ['-p', '.'])],
  ['imports', imports],
  ['lock', lock]
]

const failed: string[] = []
for (const [name, run] of gates) {
  const startedAt = performance.now()
  const passed = await run()
  if (!passed) failed.push(name)
  console.log(`${passed ? 'passed' : 'FAILED'}  ${name} (${((performance.now() - startedAt) / 1000).toFixed(1)} s)`)
}
if (failed.length > 0) {
  console.error(`npm run check: ${failed.join(', ')} failed`)
  process.exitCode = 1
}

function command(name: string, args: string[]): boolean {
  return spawnSync(name, args, { stdio: 'inherit' }).status === 0
}

async function imports(): Promise<boolean> {
  const { modules, imports, violations } = await checkImports(process.cwd())
  for (const violation of violations) console.error(violation)
  if (modules < 20 || imports < modules) {
    console.error(`only ${modules} modules and ${imports} imports were read: the gate looks at the wrong place`)
    return false
  }
  return violations.length === 0
}

async function lock(): Promise<boolean> {
  const problems = lockProblems(JSON.parse(await readFile('package-lock.json', 'utf8')) as Lock)
  for (const problem of problems) console.error(problem)
  return problems.length === 0
}
