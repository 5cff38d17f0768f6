import type { Paint, Style } from './paint.ts'
import { cut, oneLine, widthOf } from './terminal-text.ts'

const GAP = '  '
/** A column that gives way is not made narrower than this. */
const LEAST_WIDTH = 8

export type Column = {
  readonly title: string
  readonly align?: 'right'
  /** Where a terminal is too narrow, the column with the greatest number goes first. */
  readonly expendable?: number
  /** Where it is still too narrow, its text is cut. */
  readonly flexible?: boolean
}

/** Text without a style, or with one. */
export type Cell = string | { readonly text: string; readonly style: Style | undefined }

const textOf = (cell: Cell | undefined) => oneLine(typeof cell === 'object' ? cell.text : (cell ?? ''))

/** The lines of a table, its titles first, each no wider than `width` columns. Foreign text in cells is made safe. */
export function tableLines(
  columns: readonly Column[],
  rows: readonly (readonly Cell[])[],
  { width, paint }: { width: number; paint: Paint }
): string[] {
  const texts = rows.map((row) => columns.map((_, index) => textOf(row[index])))
  const widths = columns.map(({ title }, index) =>
    Math.max(widthOf(title), ...texts.map((row) => widthOf(row[index]!)))
  )
  const filled = columns.flatMap((_, index) => (texts.some((row) => row[index] !== '') ? [index] : []))
  const shown = fit(columns, widths, filled.length > 0 ? filled : [...columns.keys()], width)
  const line = (cells: readonly string[], styleOf: (index: number) => Style | undefined) => {
    let used = 0
    return shown
      .map((index, place) => {
        const isLast = place === shown.length - 1
        const room = Math.min(widths[index]!, Math.max(0, width - used))
        const text = cut(cells[index]!, room)
        used += room + GAP.length
        return aligned(text, paint(styleOf(index), text), room, columns[index]!.align, isLast)
      })
      .join(GAP)
      .trimEnd()
  }
  const titles = line(
    columns.map(({ title }) => title),
    () => 'faint'
  )
  return [
    titles,
    ...rows.map((row, at) =>
      line(texts[at]!, (index) => {
        const cell = row[index]
        return typeof cell === 'object' ? cell.style : undefined
      })
    )
  ]
}

/** Which of the columns that have anything are shown; `widths` of flexible ones are made smaller. */
function fit(columns: readonly Column[], widths: number[], filled: readonly number[], width: number): number[] {
  let shown = [...filled]
  const over = () => shown.reduce((sum, index) => sum + widths[index]! + GAP.length, -GAP.length) - width
  const shrinkable = () =>
    shown.reduce((sum, index) => sum + (columns[index]!.flexible ? Math.max(0, widths[index]! - LEAST_WIDTH) : 0), 0)
  while (over() > shrinkable()) {
    const first = shown.reduce<number | undefined>((worst, index) => {
      const rank = columns[index]!.expendable ?? 0
      return rank > (worst === undefined ? 0 : columns[worst]!.expendable!) ? index : worst
    }, undefined)
    if (first === undefined) break
    shown = shown.filter((index) => index !== first)
  }
  for (const index of shown) {
    if (columns[index]!.flexible && over() > 0) {
      widths[index] = Math.max(LEAST_WIDTH, widths[index]! - over())
    }
  }
  return shown
}

function aligned(text: string, painted: string, width: number, align: 'right' | undefined, isLast: boolean): string {
  const padding = ' '.repeat(Math.max(0, width - widthOf(text)))
  if (align === 'right') return padding + painted
  return isLast ? painted : painted + padding
}
