import { readFile } from 'node:fs/promises'
import type { Stamps } from './live-socket.ts'
import { symbolAt } from './ticks.ts'

/** Deliveries of all clients that are still connected; `cutOff`: how many are not, because they read too slowly. */
export type Balance = {
  readonly expected: number
  readonly lost: number
  readonly doubled: number
  readonly cutOff: number
}

/** Holds what each client was delivered against a tape (see `TapeOrder`), trade by trade. */
export async function balanceOf(
  tapeFile: string,
  receipts: readonly { readonly symbols: readonly string[]; readonly stamps: Stamps }[]
): Promise<Balance> {
  const bySymbol = await readTape(tapeFile)
  let [expected, lost, doubled, cutOff] = [0, 0, 0, 0]
  for (const { symbols, stamps } of receipts) {
    if (stamps.isCutOff) {
      cutOff++
      continue
    }
    const sent = Float64Array.from(symbols.flatMap((symbol) => bySymbol.get(symbol) ?? [])).sort()
    const received = stamps.all.slice().sort()
    const matched = matchedIn(sent, received)
    expected += sent.length
    lost += sent.length - matched
    doubled += received.length - matched
  }
  return { expected, lost, doubled, cutOff }
}

/** How many of the first list, whose values all differ, are in the second; both ascending. */
function matchedIn(sent: Float64Array, received: Float64Array): number {
  let matched = 0
  let at = 0
  for (const stamp of sent) {
    while (at < received.length && received[at]! < stamp) at++
    if (received[at] === stamp) matched++
  }
  return matched
}

async function readTape(tapeFile: string): Promise<Map<string, number[]>> {
  const bytes = await readFile(tapeFile)
  const tape = new Float64Array(Uint8Array.from(bytes).buffer)
  const bySymbol = new Map<string, number[]>()
  for (let at = 0; at < tape.length; at += 2) {
    const symbol = symbolAt(tape[at]!)
    const stamps = bySymbol.get(symbol) ?? []
    if (stamps.push(tape[at + 1]!) === 1) bySymbol.set(symbol, stamps)
  }
  return bySymbol
}
