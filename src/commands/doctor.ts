import { existsSync } from 'node:fs'
import { diagnose, type Finding } from './diagnosis.ts'

/** `npm run doctor`: what a start would meet here, as a table; exit code 1 where something will not work. */
if (existsSync('.env')) process.loadEnvFile('.env')
const findings = await diagnose(process.env)
process.stdout.write(`${findings.map(line).join('\n')}\n`)
const problems = findings.filter(({ state }) => state === 'problem').length
if (problems > 0) {
  process.stdout.write(`\n${problems} ${problems === 1 ? 'problem' : 'problems'} found\n`)
  process.exitCode = 1
}

function line({ check, state, detail }: Finding): string {
  const mark = { ok: 'ok', note: '-', problem: 'WRONG' }[state]
  return `${mark.padEnd(6)} ${check.padEnd(16)} ${detail.replaceAll('\n', '\n'.padEnd(25))}`
}
