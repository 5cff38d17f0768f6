import { open, rename, rm } from 'node:fs/promises'
import { resolve } from 'node:path'
import { ExitCode } from './exit-code.ts'
import { CommandFailure } from './failure.ts'
import { compact } from './figures.ts'
import { standardOutput } from './output.ts'
import type { ProgressBar } from './progress-bar.ts'
import { severalLines } from './terminal-text.ts'

/** Told after each piece: how many bytes there are until now. */
type OnBytes = (bytes: number) => void

/** Of the answer's headers, where its rows come from and whether to trust them. */
export function originIn(headers: Headers): { symbol: string | undefined; text: string } {
  const of = (name: string) => headers.get(`quotewire-${name}`) ?? undefined
  const adjusted = of('adjusted')
  const parts = [
    [of('source'), of('feed')].filter(Boolean).join('/'),
    of('received-at') && `of ${of('received-at')}`,
    of('state'),
    adjusted && `adjusted: ${adjusted}`,
    of('currency')
  ]
  return { symbol: of('symbol'), text: parts.filter(Boolean).join(', ') }
}

/** Writes the body into a file that has its name only once all of it is there; what fails or is interrupted leaves none. */
export async function saveRows(body: AsyncIterable<Uint8Array>, file: string, onBytes: OnBytes): Promise<number> {
  const path = resolve(callersFolder(), file)
  const draft = `${path}.${process.pid}.part`
  const handle = await open(draft, 'wx')
  let bytes = 0
  try {
    for await (const piece of untilItsEnd(body)) {
      await handle.writeFile(piece)
      bytes += piece.length
      onBytes(bytes)
    }
    await handle.close()
    await rename(draft, path)
    return bytes
  } catch (error) {
    await handle.close().catch(() => undefined)
    await rm(draft, { force: true })
    throw error
  }
}

/** Hands the body on to the standard output as fast as that takes it. */
export async function printRows(body: AsyncIterable<Uint8Array>, onBytes: OnBytes): Promise<void> {
  const decoder = new TextDecoder()
  let bytes = 0
  for await (const piece of untilItsEnd(body)) {
    await standardOutput.write(
      standardOutput.isTerminal ? severalLines(decoder.decode(piece, { stream: true })) : piece
    )
    onBytes((bytes += piece.length))
  }
}

/** fetch tells of a connection that was cut no more than that it was terminated. */
async function* untilItsEnd(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void> {
  try {
    yield* body
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    throw new CommandFailure(ExitCode.failed, 'The answer broke off before its end')
  }
}

/** How far rows are on their way, of which nobody knows how many there will be. */
export function bytesShown(bar: ProgressBar, share?: number): OnBytes {
  return (bytes) => bar.show(share, `${compact(bytes)}B`)
}

/** `npm run cli` works in the checkout, wherever it was called. */
function callersFolder(): string {
  const { npm_lifecycle_event: script, npm_package_name: project, INIT_CWD: folder } = process.env
  return script === 'cli' && project === 'quotewire' && folder ? folder : process.cwd()
}
