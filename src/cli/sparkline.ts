const BLOCKS = '▁▂▃▄▅▆▇█'

/** Numbers as a line of blocks, the lowest at the bottom; of more than `width` every so many is shown, the last always. */
export function sparkline(values: readonly number[], width: number): string {
  const shown = Math.min(values.length, width)
  if (shown < 2) return ''
  const sampled = Array.from({ length: shown }, (_, at) => values[Math.ceil(((at + 1) * values.length) / shown) - 1]!)
  const lowest = Math.min(...sampled)
  const height = Math.max(...sampled) - lowest
  return sampled
    .map((value) => {
      const level = height === 0 ? 0.5 : (value - lowest) / height
      return BLOCKS[Math.min(BLOCKS.length - 1, Math.floor(level * BLOCKS.length))]
    })
    .join('')
}
