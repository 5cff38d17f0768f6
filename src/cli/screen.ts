import { writeSync } from 'node:fs'

const ENTER = '\x1b[?1049h\x1b[?25l\x1b[H\x1b[2J'
const LEAVE = '\x1b[?25h\x1b[?1049l'
/** The terminal shows what comes between the two at once, where it knows how to. */
const FRAME_BEGIN = '\x1b[?2026h\x1b[H'
const FRAME_END = '\x1b[J\x1b[?2026l'
const END_OF_LINE = '\x1b[K'

/**
 * The whole terminal, redrawn in place: what was on it comes back at the end, and with it the cursor, however the process
 * ends short of a signal 9.
 */
export class Screen {
  readonly #stream: NodeJS.WriteStream
  readonly #onResize: () => void
  #isOpen = false
  #waits = false

  constructor(stream: NodeJS.WriteStream, onResize: () => void) {
    this.#stream = stream
    this.#onResize = onResize
  }

  get columns(): number {
    return this.#stream.columns || 80
  }

  get rows(): number {
    return this.#stream.rows || 24
  }

  open(): void {
    this.#enter()
    this.#stream.on('resize', this.#onResize)
    process.on('exit', this.#leave)
    process.on('SIGTSTP', this.#suspend)
    process.on('SIGCONT', this.#resume)
  }

  /** Of more lines than there is room for the last ones are left out. Nothing is drawn while the terminal takes nothing. */
  draw(lines: readonly string[]): void {
    if (!this.#isOpen || this.#waits) return
    const text = lines.slice(0, this.rows).join(`${END_OF_LINE}\r\n`)
    this.#waits = !this.#stream.write(`${FRAME_BEGIN}${text}${END_OF_LINE}${FRAME_END}`)
    if (this.#waits) this.#stream.once('drain', () => (this.#waits = false))
  }

  close(): void {
    this.#leave()
    this.#stream.off('resize', this.#onResize)
    process.off('exit', this.#leave)
    process.off('SIGTSTP', this.#suspend)
    process.off('SIGCONT', this.#resume)
  }

  #enter = (): void => {
    this.#isOpen = true
    writeSync(1, ENTER)
  }

  #leave = (): void => {
    if (!this.#isOpen) return
    this.#isOpen = false
    try {
      writeSync(1, LEAVE)
    } catch {
      // the terminal is gone
    }
  }

  /** Ctrl-Z: the shell gets its own screen back. */
  #suspend = (): void => {
    this.#leave()
    process.kill(process.pid, 'SIGSTOP')
  }

  #resume = (): void => {
    this.#enter()
    this.#onResize()
  }
}
