import {
  CandlestickSeries,
  createChart,
  createSeriesMarkers,
  HistogramSeries,
  LineSeries,
  type IChartApi,
  type ISeriesApi,
  type ISeriesMarkersPluginApi,
  type Time
} from 'lightweight-charts'
import type { Change, ChartBar } from './bar-book.ts'
import { colorNow, translucent } from './colors.ts'
import { candleOf, msOf, pointOf, priceFormatOf, timeFormatters, timeOf, volumeOf } from './drawing.ts'
import { IndicatorRun, type Indicator, type IndicatorLine } from './indicators.ts'

/** So near to the oldest bar the ones before it are asked for. */
const BARS_AHEAD = 40
const FIRST_SHOWN_BARS = 160
const PANE_SHARE = 0.3

/** What happened to a share on a day, as a sign at its bar. */
export type Mark = { readonly at: number; readonly text: string; readonly kind: 'dividend' | 'split' }
export type PriceChartOptions = {
  readonly host: HTMLElement
  /** Of bars within a day, milliseconds; undefined where they are of sessions. */
  readonly lengthMs: number | undefined
  /** Which bar somebody points at, as its start in epoch milliseconds. */
  readonly onPoint: (at: number | undefined) => void
  readonly onNearStart: () => void
}

type Drawn = {
  readonly run: IndicatorRun
  readonly line: IndicatorLine
  readonly series: ISeriesApi<'Line' | 'Histogram'>
}

/** Bars as candles with their volumes and indicators, drawn by Lightweight Charts. */
export class PriceChart {
  readonly #options: PriceChartOptions
  readonly #chart: IChartApi
  readonly #candles: ISeriesApi<'Candlestick'>
  readonly #volumes: ISeriesApi<'Histogram'>
  readonly #markers: ISeriesMarkersPluginApi<Time>
  #runs: IndicatorRun[] = []
  #drawn: Drawn[] = []
  #bars: readonly ChartBar[] = []
  #closes: number[] = []
  #marks: readonly Mark[] = []
  #timeZone = 'UTC'
  #formatTime = (_time: Time): string => ''
  #volumeColors = { up: '', down: '' }
  #isPlaced = false

  constructor(options: PriceChartOptions) {
    this.#options = options
    this.#chart = createChart(options.host, {
      autoSize: true,
      // The logo brings a style element, which the page's policy refuses; the page names TradingView itself.
      layout: { attributionLogo: false, fontSize: 12, panes: { enableResize: true } },
      timeScale: {
        timeVisible: options.lengthMs !== undefined,
        secondsVisible: false,
        rightOffset: 6,
        minBarSpacing: 1
      },
      rightPriceScale: { scaleMargins: { top: 0.08, bottom: 0.24 } },
      localization: { locale: 'en-US' }
    })
    this.#volumes = this.#chart.addSeries(HistogramSeries, {
      priceScaleId: 'volume',
      priceFormat: { type: 'volume' },
      lastValueVisible: false,
      priceLineVisible: false
    })
    this.#chart.priceScale('volume').applyOptions({ scaleMargins: { top: 0.82, bottom: 0 } })
    this.#candles = this.#chart.addSeries(CandlestickSeries, {})
    this.#markers = createSeriesMarkers(this.#candles, [])
    this.#chart.subscribeCrosshairMove(({ time }) => options.onPoint(time === undefined ? undefined : msOf(time)))
    this.#chart.timeScale().subscribeVisibleLogicalRangeChange((range) => {
      if (range && this.#isPlaced && range.from < BARS_AHEAD) options.onNearStart()
    })
    this.colorAnew()
  }

  /** The bars are drawn as they are at the call; `change` says which of them are new. */
  draw(bars: readonly ChartBar[], change: Change, timeZone: string): void {
    const isWhole = change === 'all' || bars.length < this.#bars.length || timeZone !== this.#timeZone
    const from = isWhole ? 0 : Math.min(change.from, this.#closes.length)
    if (timeZone !== this.#timeZone || this.#closes.length === 0) this.#readZone(timeZone)
    const drawnBefore = this.#closes.length
    this.#bars = bars
    this.#closes.length = from
    for (let index = from; index < bars.length; index++) this.#closes.push(bars[index]!.close)
    for (const run of this.#runs) run.update(this.#closes, from)
    if (isWhole) this.#drawAll()
    else for (let index = from; index < bars.length; index++) this.#drawOne(index, index < drawnBefore - 1)
    if (!this.#isPlaced && bars.length > 0) this.showNewest()
  }

  show(indicators: readonly Indicator[]): void {
    for (const { series } of this.#drawn) this.#chart.removeSeries(series)
    this.#runs = indicators.map((indicator) => new IndicatorRun(indicator))
    for (const run of this.#runs) run.update(this.#closes, 0)
    let pane = 0
    this.#drawn = this.#runs.flatMap((run) => {
      if (!run.indicator.isOnPrices) pane++
      return run.indicator.lines.map((line) => this.#addLine(run, line, run.indicator.isOnPrices ? 0 : pane))
    })
    for (const each of this.#chart.panes().slice(1)) each.setStretchFactor(PANE_SHARE)
    this.#colorIndicators()
    for (const drawn of this.#drawn) this.#setLine(drawn)
  }

  /** When a bar begins, as the chart writes it. */
  timeText(bar: ChartBar): string {
    return this.#formatTime(timeOf(bar))
  }

  /** What is drawn of an indicator beside a bar. */
  valuesAt(index: number): { readonly label: string; readonly values: readonly (number | undefined)[] }[] {
    return this.#runs.map((run) => ({
      label: run.indicator.label,
      values: run.indicator.lines.map(({ key }) => run.valueAt(index, key))
    }))
  }

  mark(marks: readonly Mark[]): void {
    this.#marks = marks
    this.#drawMarks()
  }

  /** Points at a bar, as somebody with a mouse would. */
  point(bar: ChartBar): void {
    this.#chart.setCrosshairPosition(bar.close, timeOf(bar), this.#candles)
    const range = this.#chart.timeScale().getVisibleLogicalRange()
    const index = this.#bars.indexOf(bar)
    if (!range || (index >= range.from && index <= range.to)) return
    const width = range.to - range.from
    const from = index < range.from ? index - 1 : index - width + 1
    this.#chart.timeScale().setVisibleLogicalRange({ from, to: from + width })
  }

  pointNowhere(): void {
    this.#chart.clearCrosshairPosition()
    this.#options.onPoint(undefined)
  }

  zoom(factor: number): void {
    const range = this.#chart.timeScale().getVisibleLogicalRange()
    if (range)
      this.#chart
        .timeScale()
        .setVisibleLogicalRange({ from: range.to - (range.to - range.from) * factor, to: range.to })
  }

  showNewest(): void {
    this.#isPlaced = true
    const last = this.#bars.length
    this.#chart.timeScale().setVisibleLogicalRange({ from: last - FIRST_SHOWN_BARS, to: last + 5 })
  }

  /** Goes to the oldest bar that is there, which brings those before it. */
  showOldest(): void {
    const range = this.#chart.timeScale().getVisibleLogicalRange()
    if (range) this.#chart.timeScale().setVisibleLogicalRange({ from: 0, to: range.to - range.from })
  }

  /** In the colours that the page has now. */
  colorAnew(): void {
    this.#chart.applyOptions({
      layout: {
        background: { color: colorNow('--surface') },
        textColor: colorNow('--quiet'),
        fontFamily: getComputedStyle(this.#options.host).fontFamily,
        panes: { separatorColor: colorNow('--line'), separatorHoverColor: colorNow('--hover') }
      },
      grid: { vertLines: { color: colorNow('--grid') }, horzLines: { color: colorNow('--grid') } },
      crosshair: {
        vertLine: { color: colorNow('--quiet'), labelBackgroundColor: colorNow('--accent-ground') },
        horzLine: { color: colorNow('--quiet'), labelBackgroundColor: colorNow('--accent-ground') }
      },
      rightPriceScale: { borderColor: colorNow('--line') },
      timeScale: { borderColor: colorNow('--line') }
    })
    const [up, down] = [colorNow('--candle-up'), colorNow('--candle-down')]
    this.#candles.applyOptions({
      upColor: up,
      downColor: down,
      borderVisible: false,
      wickUpColor: up,
      wickDownColor: down
    })
    this.#volumeColors = { up: translucent(up, 0.35), down: translucent(down, 0.35) }
    this.#colorIndicators()
    if (this.#closes.length > 0) this.#drawAll()
  }

  remove(): void {
    this.#chart.remove()
  }

  #addLine(run: IndicatorRun, line: IndicatorLine, pane: number): Drawn {
    const quiet = { lastValueVisible: false, priceLineVisible: false }
    const series = line.isHistogram
      ? this.#chart.addSeries(HistogramSeries, quiet, pane)
      : this.#chart.addSeries(LineSeries, { ...quiet, lineWidth: 2, crosshairMarkerVisible: false }, pane)
    return { run, line, series }
  }

  #colorIndicators(): void {
    for (const { line, series } of this.#drawn) {
      series.applyOptions({ color: line.isHistogram ? translucent(colorNow(line.color), 0.6) : colorNow(line.color) })
    }
  }

  #drawAll(): void {
    this.#candles.applyOptions({ priceFormat: priceFormatOf(this.#bars) })
    this.#candles.setData(this.#bars.map(candleOf))
    this.#volumes.setData(this.#bars.map((bar) => volumeOf(bar, this.#volumeColors)))
    for (const drawn of this.#drawn) this.#setLine(drawn)
    this.#drawMarks()
  }

  #drawOne(index: number, isHistorical: boolean): void {
    const bar = this.#bars[index]!
    this.#candles.update(candleOf(bar), isHistorical)
    this.#volumes.update(volumeOf(bar, this.#volumeColors), isHistorical)
    for (const drawn of this.#drawn)
      drawn.series.update(pointOf(bar, drawn.run.valueAt(index, drawn.line.key)), isHistorical)
  }

  #setLine(drawn: Drawn): void {
    drawn.series.setData(this.#bars.map((bar, index) => pointOf(bar, drawn.run.valueAt(index, drawn.line.key))))
  }

  #drawMarks(): void {
    const [first] = this.#bars
    const isOfSessions = this.#options.lengthMs === undefined
    const marks = this.#marks.flatMap(({ at, text, kind }) => {
      if (!first || at < first.at) return []
      // A day's midnight lies before its first bar, and within its week.
      const bar = isOfSessions ? this.#bars.findLast((each) => each.at <= at) : this.#bars.find((each) => each.at >= at)
      if (!bar) return []
      const color = colorNow(kind === 'split' ? '--warn' : '--accent')
      return [
        { time: timeOf(bar), position: 'belowBar' as const, shape: 'circle' as const, color, text: text.slice(0, 1) }
      ]
    })
    this.#markers.setMarkers(marks)
  }

  #readZone(timeZone: string): void {
    this.#timeZone = timeZone
    const { timeFormatter, tickMarkFormatter } = timeFormatters(timeZone, this.#options.lengthMs !== undefined)
    this.#formatTime = timeFormatter
    this.#chart.applyOptions({ localization: { timeFormatter }, timeScale: { tickMarkFormatter } })
  }
}
