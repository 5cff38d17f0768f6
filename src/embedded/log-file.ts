import { closeSync, mkdirSync, openSync, renameSync, statSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import { Writable } from 'node:stream'

/** Then the file becomes `<name>.previous`, in place of the one before: a log takes at most twice this. */
const MAX_BYTES = 10_000_000

/**
 * A log file that cannot fill the disk, and that takes no process down when somebody else did: what cannot be written
 * is counted and left out. Appends to what is there.
 */
export class LogFile extends Writable {
  readonly path: string
  #descriptor: number
  #bytes: number
  /** Left out since the last line that could be written. */
  #lost = 0

  constructor(path: string) {
    super({ decodeStrings: true })
    this.path = path
    mkdirSync(dirname(path), { recursive: true })
    this.#descriptor = openSync(path, 'a', 0o600)
    this.#bytes = statSync(path).size
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    try {
      if (this.#bytes > MAX_BYTES) this.#rotate()
      if (this.#lost > 0) this.#append(`${this.#lost} bytes of this log could not be written\n`)
      this.#lost = 0
      this.#append(chunk)
    } catch {
      this.#lost += chunk.byteLength
    }
    done()
  }

  override _final(done: () => void): void {
    closeSync(this.#descriptor)
    done()
  }

  #append(data: Buffer | string): void {
    this.#bytes += writeSync(this.#descriptor, Buffer.from(data))
  }

  #rotate(): void {
    renameSync(this.path, `${this.path}.previous`)
    const full = this.#descriptor
    this.#descriptor = openSync(this.path, 'a', 0o600)
    this.#bytes = 0
    closeSync(full)
  }
}
