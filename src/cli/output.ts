import { once } from 'node:events'
import { ReaderGone } from './failure.ts'

/** A standard stream that is written to as fast as its reader takes it, and that says when nobody reads any more. */
export class Output {
  readonly stream: NodeJS.WriteStream
  readonly #gone = new AbortController()

  constructor(stream: NodeJS.WriteStream) {
    this.stream = stream
    stream.on('error', (error: NodeJS.ErrnoException) => {
      this.#gone.abort(error.code === 'EPIPE' ? new ReaderGone('the reader has gone') : error)
    })
  }

  /** Aborts, with ReaderGone, once the reader has closed its end. */
  get gone(): AbortSignal {
    return this.#gone.signal
  }

  get isTerminal(): boolean {
    return this.stream.isTTY
  }

  /** Columns of the terminal; what is no terminal has no end. */
  get width(): number {
    return this.isTerminal ? this.stream.columns || 80 : Infinity
  }

  /** Resolves once the reader has taken enough of it. Rejects with ReaderGone, or with what the file system says. */
  async write(text: string | Uint8Array): Promise<void> {
    this.gone.throwIfAborted()
    if (this.stream.write(text)) return
    try {
      await once(this.stream, 'drain', { signal: this.gone })
    } catch (error) {
      this.gone.throwIfAborted()
      throw error
    }
  }

  lines(lines: readonly string[]): Promise<void> {
    return this.write(lines.map((line) => `${line}\n`).join(''))
  }
}

export const standardOutput = new Output(process.stdout)

/** A line for people, beside what programs read. */
export function note(line: string): void {
  process.stderr.write(`${line}\n`)
}
