import { spawn, type SpawnOptions } from 'node:child_process'
import { once } from 'node:events'
import { cp, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { privateFolder } from '../support/folders.ts'

const PROGRAMS = join(import.meta.dirname, '../../bin')

/** A project with one dependency that npm needs no network for, the real launcher, and a target that tells what it hears. */
async function project(): Promise<string> {
  const root = await privateFolder()
  await mkdir(join(root, 'dependency'))
  await cp(PROGRAMS, join(root, 'bin'), { recursive: true })
  await writeVersion(root, '1.0.0')
  await writeFile(
    join(root, 'target.ts'),
    `const [mode, ...rest] = process.argv.slice(2)
     const say = (text: string): void => void process.stdout.write(text + '\\n')
     process.on('SIGINT', () => say('heard SIGINT'))
     process.on('SIGTERM', () => process.exit(7))
     process.on('disconnect', () => process.exit(0))
     say('up ' + rest.join(' '))
     if (mode === 'wait') setInterval(() => {}, 1000)
     else process.exit(Number(mode))`
  )
  return root
}

async function writeVersion(root: string, version: string): Promise<void> {
  const dependency = { name: 'dependency', version }
  const manifest = { name: 'project', version: '1.0.0', dependencies: { dependency: 'file:dependency' } }
  const lock = {
    name: 'project',
    version: '1.0.0',
    lockfileVersion: 3,
    requires: true,
    packages: {
      '': manifest,
      dependency: { version },
      'node_modules/dependency': { resolved: 'dependency', link: true }
    }
  }
  await writeFile(join(root, 'dependency', 'package.json'), JSON.stringify(dependency))
  await writeFile(join(root, 'package.json'), JSON.stringify(manifest))
  await writeFile(join(root, 'package-lock.json'), JSON.stringify(lock))
}

function launch(root: string, args: readonly string[], options: SpawnOptions = {}) {
  const child = spawn(process.execPath, [join(root, 'bin', 'run.mjs'), ...args], { ...options, stdio: 'pipe' })
  onTestFinished(() => void child.kill('SIGKILL'))
  const heard = { out: '', said: '' }
  child.stdout.on('data', (chunk) => (heard.out += chunk))
  child.stderr.on('data', (chunk) => (heard.said += chunk))
  return { child, heard, closed: once(child, 'close') as Promise<[number | null, string | null]> }
}

test('installs once, again after an update, and says so beside the output and not in it', async () => {
  const root = await project()
  for (const [version, installs] of [
    ['1.0.0', true],
    ['1.0.0', false],
    ['2.0.0', true]
  ] as const) {
    await writeVersion(root, version)
    const { heard, closed } = launch(root, ['target.ts', '3', 'some', 'words'])
    expect(await closed).toEqual([3, null])
    expect(heard.out).toMatch(/^up some words\n$/)
    if (installs) expect(heard.said).toMatch(/^Installing [^]*Installed in \d+ s\n$/)
    else expect(heard.said).toBe('')
  }
})

test('Ctrl-C reaches the target once although the terminal and npm both send it', async () => {
  const { child, heard, closed } = launch(await project(), ['target.ts', 'wait'])
  await expect.poll(() => heard.out).toContain('up')
  child.kill('SIGINT')
  await expect.poll(() => heard.out).toContain('heard SIGINT')
  child.kill('SIGINT')
  child.kill('SIGTERM')
  expect(await closed).toEqual([7, null])
  expect(heard.out.match(/heard SIGINT/g)).toHaveLength(1)
})

test('every process reads .env, and the environment counts more', async () => {
  const root = await project()
  await writeFile(join(root, '.env'), 'FROM_FILE=file\nFROM_BOTH=file\n')
  await writeFile(
    join(root, 'settings.ts'),
    `process.stdout.write([process.env.FROM_FILE, process.env.FROM_BOTH].join(' '))`
  )
  const { heard, closed } = launch(root, ['settings.ts'], { env: { ...process.env, FROM_BOTH: 'environment' } })
  expect(await closed).toEqual([0, null])
  expect(heard.out).toBe('file environment')
})

test('kill -9 of the launcher leaves no target behind', async () => {
  const { child, heard, closed } = launch(await project(), ['target.ts', 'wait'])
  await expect.poll(() => heard.out).toContain('up')
  child.kill('SIGKILL')
  // The pipes close when the last process that holds them is gone, and the target holds them too.
  expect(await closed).toEqual([null, 'SIGKILL'])
})

test('names a program that is not installed', async () => {
  const { heard, closed } = launch(await project(), ['no-such-program'])
  expect(await closed).toEqual([1, null])
  expect(heard.said).toContain('no-such-program is not installed')
})
