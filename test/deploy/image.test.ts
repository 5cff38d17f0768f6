import { existsSync, globSync, readFileSync } from 'node:fs'
import { builtinModules } from 'node:module'
import { describe, expect, test } from 'vitest'

const lines = readFileSync('Dockerfile', 'utf8').split('\n')
const copied = lines
  .filter((line) => line.startsWith('COPY ') && !line.includes('--from'))
  .flatMap((line) => line.split(' ').slice(1, -1))
const allowed = readFileSync('.dockerignore', 'utf8')
  .split('\n')
  .filter((line) => line.startsWith('!'))
  .map((line) => line.slice(1))

const IMPORT = /^\s*(?:import|export) (?!type )[^'"]*?from '([^'.][^']*)'|^import '([^'.][^']*)'/gm

/** Libraries that a module needs when it runs: types are gone by then. */
function librariesOf(path: string): string[] {
  const specifiers = [...readFileSync(path, 'utf8').matchAll(IMPORT)].map(([, from, bare]) => (from ?? bare)!)
  return specifiers
    .filter((specifier) => !specifier.startsWith('node:') && !builtinModules.includes(specifier))
    .map((specifier) => specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/'))
}

describe('the image', () => {
  test('gets everything it copies, and nothing else is sent to the builder', () => {
    expect(copied.filter((path) => !existsSync(path))).toEqual([])
    expect(new Set(allowed)).toEqual(new Set(copied))
  })

  test('holds every library that the server and the workers load', () => {
    const { dependencies } = JSON.parse(readFileSync('package.json', 'utf8')) as { dependencies: object }
    const needed = new Set(globSync(['src/**/*.ts', 'workers/**/*.ts', 'db/**/*.ts']).flatMap(librariesOf))
    expect(needed.size).toBeGreaterThan(10)
    expect([...needed].filter((library) => !(library in dependencies))).toEqual([])
  })

  test('does not run as root', () => {
    const start = lines.findLastIndex((line) => line.startsWith('FROM '))
    expect(lines.slice(start).filter((line) => line.startsWith('USER '))).toEqual(['USER node'])
  })
})
