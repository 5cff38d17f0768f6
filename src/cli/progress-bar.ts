import { cut } from './terminal-text.ts'

const REDRAW_MS = 100
const BAR_WIDTH = 24
const FULL = '█'
const EMPTY = '░'

/** A line on the standard error that says how far long work is; nothing where that is no terminal. */
export class ProgressBar {
  readonly #stream = process.stderr
  readonly #label: string
  #drawnAt = 0

  constructor(label: string) {
    this.#label = label
  }

  /** `share`: from 0 to 1; undefined where the end is not known. */
  show(share: number | undefined, detail: string): void {
    const now = Date.now()
    if (!this.#stream.isTTY || now - this.#drawnAt < REDRAW_MS) return
    this.#drawnAt = now
    const bar = share === undefined ? '' : `${barOf(share)} ${`${Math.floor(share * 100)}`.padStart(3)} %  `
    this.#stream.write(`\r${cut(`${this.#label}  ${bar}${detail}`, (this.#stream.columns || 80) - 1)}\x1b[K`)
  }

  /** Takes the line away. */
  end(): void {
    if (this.#drawnAt > 0) this.#stream.write('\r\x1b[K')
    this.#drawnAt = 0
  }
}

function barOf(share: number): string {
  const full = Math.round(Math.min(1, Math.max(0, share)) * BAR_WIDTH)
  return FULL.repeat(full) + EMPTY.repeat(BAR_WIDTH - full)
}
