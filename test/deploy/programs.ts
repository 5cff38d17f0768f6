import { spawnSync } from 'node:child_process'

/** Whether a program of this machine can be run: what checks with it is skipped, visibly, where it is not. */
export function hasProgram(name: string, ...args: string[]): boolean {
  return spawnSync(name, args, { stdio: 'ignore' }).status === 0
}

/** Runs it and returns what it said. Throws with its words where it fails. */
export function runProgram(name: string, args: string[], cwd: string): string {
  const { status, stdout, stderr } = spawnSync(name, args, { cwd, encoding: 'utf8' })
  if (status !== 0) throw new Error(`${name} ${args.join(' ')}: ${stdout}${stderr}`)
  return `${stdout}${stderr}`
}
