import { html, nothing } from 'lit'
import type { Fundamentals } from '../../client/client.ts'
import { api } from '../api.ts'
import { countText, priceText, ratioText } from '../format.ts'
import { Panel, type Within } from '../panel.ts'

const MAX_PERIODS = 5

type Statement = Fundamentals['statements'][number]
type Line = keyof Statement['lines']
type Metric = keyof Fundamentals['metrics']

const GROUPS: readonly { readonly name: string; readonly lines: readonly (readonly [Line, string])[] }[] = [
  {
    name: 'Income',
    lines: [
      ['revenue', 'Revenue'],
      ['costOfRevenue', 'Cost of revenue'],
      ['grossProfit', 'Gross profit'],
      ['operatingExpenses', 'Operating expenses'],
      ['operatingIncome', 'Operating income'],
      ['ebitda', 'EBITDA'],
      ['interestExpense', 'Interest expense'],
      ['incomeTax', 'Income tax'],
      ['netIncome', 'Net income'],
      ['epsBasic', 'Earnings per share'],
      ['epsDiluted', 'Earnings per share, diluted'],
      ['sharesDiluted', 'Shares, diluted']
    ]
  },
  {
    name: 'Balance sheet',
    lines: [
      ['totalAssets', 'Total assets'],
      ['currentAssets', 'Current assets'],
      ['cash', 'Cash'],
      ['inventory', 'Inventory'],
      ['totalLiabilities', 'Total liabilities'],
      ['currentLiabilities', 'Current liabilities'],
      ['totalDebt', 'Total debt'],
      ['longTermDebt', 'Long-term debt'],
      ['equity', 'Equity'],
      ['retainedEarnings', 'Retained earnings']
    ]
  },
  {
    name: 'Cash flow',
    lines: [
      ['operatingCashFlow', 'Operating cash flow'],
      ['capitalExpenditure', 'Capital expenditure'],
      ['freeCashFlow', 'Free cash flow'],
      ['dividendsPaid', 'Dividends paid']
    ]
  }
]
const METRICS: readonly (readonly [Metric, string, 'count' | 'ratio' | 'percent'])[] = [
  ['marketCap', 'Market cap', 'count'],
  ['enterpriseValue', 'Enterprise value', 'count'],
  ['peRatio', 'P/E', 'ratio'],
  ['forwardPeRatio', 'Forward P/E', 'ratio'],
  ['pegRatio', 'PEG', 'ratio'],
  ['priceToBook', 'Price to book', 'ratio'],
  ['epsTrailing', 'Earnings per share', 'ratio'],
  ['bookValuePerShare', 'Book value per share', 'ratio'],
  ['beta', 'Beta', 'ratio'],
  ['profitMarginPercent', 'Profit margin', 'percent'],
  ['returnOnEquityPercent', 'Return on equity', 'percent'],
  ['debtToEquity', 'Debt to equity', 'ratio'],
  ['dividendYieldPercent', 'Dividend yield', 'percent'],
  ['sharesOutstanding', 'Shares outstanding', 'count']
]
const PER_SHARE: ReadonlySet<Line> = new Set(['epsBasic', 'epsDiluted'])

/** A company's figures: ratios, and its statements by year or by quarter. */
class FundamentalsPanel extends Panel<Fundamentals> {
  static override properties = { period: { state: true } }
  declare period: Statement['period']
  protected override readonly heading = 'Fundamentals'

  constructor() {
    super()
    this.period = 'annual'
  }

  protected override ask(within: Within) {
    return api().get('/api/v1/market/fundamentals/{symbol}', { path: { symbol: this.subject }, ...within })
  }

  protected override provenance({ provenance }: Fundamentals) {
    return provenance
  }

  protected override nothingIn({ statements, metrics }: Fundamentals) {
    const isEmpty = statements.length === 0 && Object.keys(metrics).length === 0
    return isEmpty ? `No source has figures of ${this.subject}.` : undefined
  }

  protected override body({ metrics, statements }: Fundamentals) {
    const known = METRICS.filter(([key]) => metrics[key] !== undefined)
    const columns = statements.filter(({ period }) => period === this.period).slice(0, MAX_PERIODS)
    return html`<dl class="facts">
        ${known.map(
          ([key, label, kind]) =>
            html`<div>
              <dt>${label}</dt>
              <dd>${metricText(metrics[key]!, kind)}</dd>
            </div>`
        )}
      </dl>
      <div class="segments" role="group" aria-label="Periods">
        ${(['annual', 'quarterly'] as const).map(
          (period) =>
            html`<button aria-pressed=${period === this.period} @click=${() => (this.period = period)}>
              ${period === 'annual' ? 'Annual' : 'Quarterly'}
            </button>`
        )}
      </div>
      ${columns.length === 0 ? html`<p class="nothing">No ${this.period} statement is known.</p>` : tableOf(columns)}`
  }
}

function tableOf(columns: readonly Statement[]) {
  const currency = columns[0]?.currency
  return html`<div class="scroll" tabindex="0" role="group" aria-label="Statements">
    <table class="figures statements">
      <caption class="quiet">
        ${currency ? `In ${currency}; periods by their last day` : 'Periods by their last day'}
      </caption>
      <thead>
        <tr>
          <th scope="col"><span class="visually-hidden">Line</span></th>
          ${columns.map(({ periodEnd }) => html`<th scope="col" class="number">${periodEnd}</th>`)}
        </tr>
      </thead>
      ${GROUPS.map(({ name, lines }) => {
        const known = lines.filter(([line]) => columns.some((column) => column.lines[line] !== undefined))
        if (known.length === 0) return nothing
        return html`<tbody>
          <tr>
            <th scope="rowgroup" colspan=${columns.length + 1} class="group">${name}</th>
          </tr>
          ${known.map(
            ([line, label]) =>
              html`<tr>
                <th scope="row">${label}</th>
                ${columns.map((column) => html`<td class="number">${amountText(line, column.lines[line])}</td>`)}
              </tr>`
          )}
        </tbody>`
      })}
    </table>
  </div>`
}

const amountText = (line: Line, amount: number | undefined): string =>
  PER_SHARE.has(line) ? priceText(amount) : countText(amount)

function metricText(value: number, kind: 'count' | 'ratio' | 'percent'): string {
  if (kind === 'count') return countText(value)
  return kind === 'percent' ? `${ratioText(value)}%` : ratioText(value)
}

customElements.define('qw-fundamentals', FundamentalsPanel)
