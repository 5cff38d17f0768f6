/** Insertions, deletions, substitutions and swaps of neighbours that turn one text into the other; undefined above `most`. */
export function editDistance(from: string, to: string, most: number): number | undefined {
  if (Math.abs(from.length - to.length) > most) return undefined
  let beforePrevious: number[] = []
  let previous = Array.from({ length: to.length + 1 }, (_, column) => column)
  for (let row = 1; row <= from.length; row++) {
    const current = [row]
    for (let column = 1; column <= to.length; column++) {
      const same = from[row - 1] === to[column - 1]
      let edits = Math.min(previous[column]! + 1, current[column - 1]! + 1, previous[column - 1]! + (same ? 0 : 1))
      const swapped = row > 1 && column > 1 && from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1]
      if (swapped) edits = Math.min(edits, beforePrevious[column - 2]! + 1)
      current.push(edits)
    }
    if (Math.min(...current) > most) return undefined
    beforePrevious = previous
    previous = current
  }
  return previous[to.length]! <= most ? previous[to.length] : undefined
}
