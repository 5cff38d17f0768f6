/**
 * Randomness without state: every number is a hash of what it is for, so that any process can work out any part of
 * the market in any order and find the same values.
 */

/** A 32-bit hash of a text and a seed (FNV-1a with a final mix). */
export function keyOf(seed: number, text: string): number {
  let hash = (seed ^ 0x811c9dc5) | 0
  for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193)
  return mix(hash, text.length)
}

/** A 32-bit hash of a key and an index (the finaliser of MurmurHash3 over their combination). */
export function mix(key: number, index: number): number {
  let hash = (key ^ Math.imul(index + 0x7f4a7c15, 0x9e3779b1)) | 0
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}

/** From 0 inclusive to 1 exclusive. */
export function uniform(key: number, index: number): number {
  return mix(key, index) / 0x1_0000_0000
}

/** Between two bounds, the upper one exclusive. */
export function between(low: number, high: number, key: number, index: number): number {
  return low + (high - low) * uniform(key, index)
}

/** A whole number from `low` to `high`, both inclusive. */
export function integerBetween(low: number, high: number, key: number, index: number): number {
  return low + Math.floor((high - low + 1) * uniform(key, index))
}

export function pick<T>(choices: readonly T[], key: number, index: number): T {
  return choices[integerBetween(0, choices.length - 1, key, index)]!
}

/** Standard normal (Box-Muller). */
export function normal(key: number, index: number): number {
  const hash = mix(key, index)
  const radius = Math.sqrt(-2 * Math.log((hash + 1) / 0x1_0000_0001))
  return radius * Math.cos((2 * Math.PI * mix(hash, index)) / 0x1_0000_0000)
}

/**
 * A random path of `steps + 1` points from `first` to `last` whose lowest point is exactly `low` and whose highest is
 * exactly `high` (both must enclose the ends; three steps or more). A Brownian bridge that is reflected at the bounds
 * and stretched until it touches them, so that a coarse bar can be drawn first and refined later without ever
 * contradicting it.
 */
export function confinedPath(
  key: number,
  steps: number,
  first: number,
  last: number,
  low: number,
  high: number
): Float64Array {
  const path = bridge(key, steps, first, last, (high - low) / (1.7 * Math.sqrt(steps)))
  let [lowestAt, highestAt] = [1, steps - 1]
  for (let index = 1; index < steps; index++) {
    path[index] = reflected(path[index]!, low, high)
    if (path[index]! < path[lowestAt]!) lowestAt = index
  }
  for (let index = 1; index < steps; index++) {
    if (index !== lowestAt && (highestAt === lowestAt || path[index]! > path[highestAt]!)) highestAt = index
  }
  const [floor, ceiling] = first < last ? [first, last] : [last, first]
  const down = (floor - low) / Math.max(floor - path[lowestAt]!, Number.MIN_VALUE)
  const up = (high - ceiling) / Math.max(path[highestAt]! - ceiling, Number.MIN_VALUE)
  for (let index = 1; index < steps; index++) {
    const point = path[index]!
    if (point < floor) path[index] = Math.max(low, floor - (floor - point) * down)
    else if (point > ceiling) path[index] = Math.min(high, ceiling + (point - ceiling) * up)
  }
  path[lowestAt] = low
  path[highestAt] = high
  return path
}

function reflected(point: number, low: number, high: number): number {
  if (point >= low && point <= high) return point
  const width = high - low
  if (width === 0) return low
  const offset = (((point - low) % (2 * width)) + 2 * width) % (2 * width)
  return low + (offset > width ? 2 * width - offset : offset)
}

function bridge(key: number, steps: number, first: number, last: number, stepDeviation: number): Float64Array {
  const path = new Float64Array(steps + 1)
  let walk = 0
  for (let index = 1; index <= steps; index++) {
    walk += stepDeviation * normal(key, index)
    path[index] = walk
  }
  for (let index = 0; index <= steps; index++) {
    path[index] = first + ((last - first - walk) * index) / steps + path[index]!
  }
  path[steps] = last
  return path
}
