import { closeSync, mkdirSync, openSync, renameSync, statSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import { Writable } from 'node:stream'

/** Then the file becomes `<name>.previous`, in place of the one before: a log takes at most twice this. */
const MAX_BYTES = 10_000_000

/** A log file that cannot fill the disk. Appends to what is there. */
export class LogFile extends Writable {
  readonly path: string
  #descriptor: number
  #bytes: number

  constructor(path: string) {
    super({ decodeStrings: true })
    this.path = path
    mkdirSync(dirname(path), { recursive: true })
    this.#descriptor = openSync(path, 'a', 0o600)
    this.#bytes = statSync(path).size
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    try {
      if (this.#bytes > MAX_BYTES) this.#rotate()
      this.#bytes += writeSync(this.#descriptor, chunk)
      done()
    } catch (error) {
      done(error as Error)
    }
  }

  override _final(done: () => void): void {
    closeSync(this.#descriptor)
    done()
  }

  #rotate(): void {
    closeSync(this.#descriptor)
    renameSync(this.path, `${this.path}.previous`)
    this.#descriptor = openSync(this.path, 'a', 0o600)
    this.#bytes = 0
  }
}
