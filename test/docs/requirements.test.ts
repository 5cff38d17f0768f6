import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'

type Row = { title: string; places: string[]; proofs: string[]; open: string }

const text = readFileSync('docs/requirements.md', 'utf8')
const rows = text.split('\n').flatMap((line): Row[] => {
  const cells = line.split(/(?<!\\)\|/).map((cell) => cell.trim())
  if (cells.length !== 6 || cells[1] === 'Requirement' || /^-+$/.test(cells[1]!)) return []
  const [, title = '', places = '', proofs = '', open = ''] = cells
  return [{ title, places: namesIn(places), proofs: namesIn(proofs), open }]
})

function namesIn(cell: string): string[] {
  return [...cell.matchAll(/`([^`]+)`/g)].map(([, name]) => name!)
}

describe('the table of requirements', () => {
  test('sends nobody to a file that does not exist', () => {
    const named = new Set([
      ...rows.flatMap(({ places, proofs }) => [...places, ...proofs]),
      ...namesIn(text).filter(isPath)
    ])
    expect([...named].filter((path) => !existsSync(path))).toEqual([])
    expect(rows.length).toBeGreaterThan(400)
  })

  test('calls nothing built that has neither a test nor a word on what is open', () => {
    const isCode = (path: string) => /^(src|workers|db)\b/.test(path)
    const bare = rows.filter(({ places, proofs, open }) => {
      const isProven = proofs.length > 0 || !places.some(isCode)
      return open === '' && (places.length === 0 || !isProven)
    })
    expect(bare).toEqual([])
    expect(rows.flatMap(({ proofs }) => proofs).filter((path) => !/^test\/.*\.test\.ts$/.test(path))).toEqual([])
  })

  test('counts what it lists', () => {
    const open = rows.filter(({ places }) => places.length === 0).length
    const part = rows.filter((row) => row.places.length > 0 && row.open !== '').length
    const built = rows.length - open - part
    expect(text).toContain(`Of all points ${built} are built, ${part} are built in part, and ${open} are not built.`)
  })
})

function isPath(name: string): boolean {
  return /^(src|workers|db|test|load|docs|deploy)\/[\w./-]+$/.test(name)
}
