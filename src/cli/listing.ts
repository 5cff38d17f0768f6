import type { Options } from './command.ts'
import { note, standardOutput } from './output.ts'
import { paintFor, type Paint } from './paint.ts'
import { tableLines, type Cell, type Column } from './table.ts'
import { jsonLine, oneLine } from './terminal-text.ts'

/** Of commands that print a list. */
export const LIST_OPTIONS = {
  format: {
    type: 'text',
    choices: ['table', 'ndjson'],
    default: 'table on a terminal, else ndjson',
    description: 'How it is printed'
  }
} as const satisfies Options

export const isTable = (format: string | undefined) =>
  (format ?? (standardOutput.isTerminal ? 'table' : '')) === 'table'

export const paint: Paint = paintFor(process.stdout)

/** Prints a table that fits the terminal. */
export function printTable(columns: readonly Column[], rows: readonly (readonly Cell[])[]): Promise<void> {
  return standardOutput.lines(tableLines(columns, rows, { width: standardOutput.width, paint }))
}

export async function printTitle(text: string): Promise<void> {
  await standardOutput.lines([paint('title', oneLine(text))])
}

/** A line of JSON for each value. */
export async function printJson(values: readonly unknown[]): Promise<void> {
  for (const value of values) await standardOutput.write(`${jsonLine(value)}\n`)
}

/** Foreign text on a line of its own, on the standard error. */
export function warn(text: string): void {
  note(oneLine(text))
}
