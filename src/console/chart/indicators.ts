/**
 * What stands beside the last bar that was read: the values that are drawn, by the key of their line, and running averages.
 * A value that is not defined yet is a missing key.
 */
type Memory = Readonly<Partial<Record<string, number>>>

export type IndicatorLine = {
  /** Of the value in the memory. */
  readonly key: string
  readonly label: string
  /** A custom property of the style sheet. */
  readonly color: string
  readonly isHistogram?: boolean
}
export type Indicator = {
  readonly id: string
  readonly label: string
  /** On the prices, or in a pane of its own below them. */
  readonly isOnPrices: boolean
  readonly lines: readonly IndicatorLine[]
  readonly step: (closes: readonly number[], index: number, before: Memory | undefined) => Memory
}

const AVERAGE_LENGTH = 20
const BAND_DEVIATIONS = 2
const RSI_LENGTH = 14
const MACD = { fast: 12, slow: 26, signal: 9 }

/** What the chart can draw. The numbers are those of `GET /api/v1/market/indicators/:symbol` with its defaults. */
export const INDICATORS: readonly Indicator[] = [
  {
    id: 'sma',
    label: `SMA ${AVERAGE_LENGTH}`,
    isOnPrices: true,
    lines: [{ key: 'sma', label: 'SMA', color: '--series-1' }],
    step(closes, index) {
      const mean = meanOf(closes, index, AVERAGE_LENGTH)
      return mean === undefined ? {} : { sma: mean }
    }
  },
  {
    id: 'ema',
    label: `EMA ${AVERAGE_LENGTH}`,
    isOnPrices: true,
    lines: [{ key: 'ema', label: 'EMA', color: '--series-2' }],
    step(closes, index, before) {
      const running = averaged(before?.['running'], closes[index]!, AVERAGE_LENGTH)
      return { running, ...(index + 1 >= AVERAGE_LENGTH && { ema: running }) }
    }
  },
  {
    id: 'bollinger',
    label: `Bollinger ${AVERAGE_LENGTH}, ${BAND_DEVIATIONS}`,
    isOnPrices: true,
    lines: [
      { key: 'upper', label: 'Upper', color: '--series-3' },
      { key: 'middle', label: 'Middle', color: '--series-4' },
      { key: 'lower', label: 'Lower', color: '--series-3' }
    ],
    step(closes, index) {
      const middle = meanOf(closes, index, AVERAGE_LENGTH)
      if (middle === undefined) return {}
      let squares = 0
      for (let at = index - AVERAGE_LENGTH + 1; at <= index; at++) squares += (closes[at]! - middle) ** 2
      const width = BAND_DEVIATIONS * Math.sqrt(squares / AVERAGE_LENGTH)
      return { upper: middle + width, middle, lower: middle - width }
    }
  },
  {
    id: 'rsi',
    label: `RSI ${RSI_LENGTH}`,
    isOnPrices: false,
    lines: [{ key: 'rsi', label: 'RSI', color: '--series-2' }],
    step: strength
  },
  {
    id: 'macd',
    label: `MACD ${MACD.fast}, ${MACD.slow}, ${MACD.signal}`,
    isOnPrices: false,
    lines: [
      { key: 'histogram', label: 'Histogram', color: '--series-4', isHistogram: true },
      { key: 'macd', label: 'MACD', color: '--series-2' },
      { key: 'signal', label: 'Signal', color: '--series-1' }
    ],
    step: convergence
  }
]

/** An indicator along the bars of a chart; only what follows a bar that changed is worked out anew. */
export class IndicatorRun {
  readonly indicator: Indicator
  #memories: Memory[] = []

  constructor(indicator: Indicator) {
    this.indicator = indicator
  }

  /** `from` is the first close that is not as it was. */
  update(closes: readonly number[], from: number): void {
    const memories = this.#memories
    memories.length = Math.min(from, memories.length)
    for (let index = memories.length; index < closes.length; index++) {
      memories.push(this.indicator.step(closes, index, memories[index - 1]))
    }
  }

  valueAt(index: number, key: string): number | undefined {
    return this.#memories[index]?.[key]
  }
}

function meanOf(closes: readonly number[], index: number, length: number): number | undefined {
  if (index + 1 < length) return undefined
  let sum = 0
  for (let at = index - length + 1; at <= index; at++) sum += closes[at]!
  return sum / length
}

/** Exponential: the newest counts 2 / (length + 1); the first one is the average of itself. */
function averaged(before: number | undefined, value: number, length: number): number {
  return before === undefined ? value : before + ((value - before) * 2) / (length + 1)
}

/** Wilder's: the plain mean of the first changes, then the newest counts 1 / length. */
function strength(closes: readonly number[], index: number, before: Memory | undefined): Memory {
  const change = index === 0 ? 0 : closes[index]! - closes[index - 1]!
  const smoothed = (average: number, part: number) =>
    index <= RSI_LENGTH ? average + part / RSI_LENGTH : (average * (RSI_LENGTH - 1) + part) / RSI_LENGTH
  const gain = smoothed(before?.['gain'] ?? 0, Math.max(change, 0))
  const loss = smoothed(before?.['loss'] ?? 0, Math.max(-change, 0))
  // A price that never moved is neither strong nor weak.
  if (index < RSI_LENGTH || gain + loss === 0) return { gain, loss }
  return { gain, loss, rsi: (100 * gain) / (gain + loss) }
}

function convergence(closes: readonly number[], index: number, before: Memory | undefined): Memory {
  const fast = averaged(before?.['fast'], closes[index]!, MACD.fast)
  const slow = averaged(before?.['slow'], closes[index]!, MACD.slow)
  if (index + 1 < MACD.slow) return { fast, slow }
  const macd = fast - slow
  const running = averaged(before?.['running'], macd, MACD.signal)
  if (index + 2 < MACD.slow + MACD.signal) return { fast, slow, running }
  return { fast, slow, running, macd, signal: running, histogram: macd - running }
}
