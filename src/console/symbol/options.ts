import { html, nothing, type PropertyValues } from 'lit'
import type { OptionChain } from '../../client/client.ts'
import { api } from '../api.ts'
import { countText, instantText, priceText } from '../format.ts'
import { Panel, type Within } from '../panel.ts'

type Contract = OptionChain['contracts'][number]
type Column = { readonly label: string; readonly title: string; readonly text: (contract: Contract) => string }

const MAX_STRIKES_EACH_WAY = 20
const greek = new Intl.NumberFormat('en-US', {
  minimumFractionDigits: 3,
  maximumFractionDigits: 3,
  signDisplay: 'negative'
})
const premium = new Intl.NumberFormat('en-US', { minimumFractionDigits: 2, maximumFractionDigits: 4 })
const premiumText = (value: number | undefined) => (value === undefined ? '–' : premium.format(value))
const greekText = (value: number | undefined) => (value === undefined ? '–' : greek.format(value))

/** From the strike outwards; puts have them in this order, calls mirrored. */
const COLUMNS: readonly Column[] = [
  { label: 'Bid', title: 'Highest price that is offered', text: ({ bid }) => premiumText(bid) },
  { label: 'Ask', title: 'Lowest price that is asked', text: ({ ask }) => premiumText(ask) },
  { label: 'Last', title: 'Price of the last trade', text: ({ last }) => premiumText(last) },
  { label: 'Vol', title: 'Contracts that were traded today', text: ({ volume }) => countText(volume) },
  { label: 'OI', title: 'Open interest, contracts', text: ({ openInterest }) => countText(openInterest) },
  {
    label: 'IV',
    title: 'Implied volatility a year',
    text: ({ impliedVolatility: iv }) => (iv === undefined ? '–' : `${(iv * 100).toFixed(1)}%`)
  },
  { label: 'Δ', title: 'Delta', text: ({ delta }) => greekText(delta) },
  { label: 'Γ', title: 'Gamma', text: ({ gamma }) => greekText(gamma) },
  { label: 'Θ', title: 'Theta', text: ({ theta }) => greekText(theta) },
  { label: 'V', title: 'Vega', text: ({ vega }) => greekText(vega) }
]

/** The options on a symbol that expire together: calls, strikes, puts, with their greeks. */
class OptionsPanel extends Panel<OptionChain> {
  static override properties = {
    expiry: { state: true },
    isWhole: { state: true },
    isComing: { state: true }
  }
  /** The one that is shown; the nearest where nothing was chosen. */
  declare expiry: string | undefined
  declare isWhole: boolean
  declare isComing: boolean
  protected override readonly heading = 'Options'

  constructor() {
    super()
    Object.assign(this, { isWhole: false, isComing: false })
  }

  protected override willUpdate(changed: PropertyValues<this>): void {
    if (changed.has('subject')) this.expiry = undefined
    super.willUpdate(changed)
  }

  /** What is near the money comes into sight first. */
  protected override updated(changed: PropertyValues<this>): void {
    const chain = this.querySelector('.chain')
    if (!chain || !changed.has('answer')) return
    const money = chain.querySelector<HTMLElement>('.at-the-money')
    chain.scrollLeft = (chain.scrollWidth - chain.clientWidth) / 2
    chain.scrollTop = money ? money.offsetTop - chain.clientHeight / 2 : 0
  }

  protected override ask(within: Within) {
    const query = this.expiry === undefined ? {} : { expiry: this.expiry }
    return api().get('/api/v1/market/options/{symbol}', { path: { symbol: this.subject }, query, ...within })
  }

  protected override provenance({ provenance }: OptionChain) {
    return provenance
  }

  protected override nothingIn({ expiries }: OptionChain) {
    return expiries.length === 0 ? `There are no options on ${this.subject}, as far as the sources know.` : undefined
  }

  protected override body(chain: OptionChain) {
    const { contracts, expiries, underlyingPrice, pricing } = chain
    const shown = contracts[0]?.expiry ?? this.expiry ?? expiries[0]
    const rows = rowsOf(contracts)
    const money = rows.findIndex(({ strike }) => underlyingPrice !== undefined && strike >= underlyingPrice)
    const isCut = !this.isWhole && money >= 0 && rows.length > 2 * MAX_STRIKES_EACH_WAY
    const first = isCut ? Math.max(0, money - MAX_STRIKES_EACH_WAY) : 0
    const visible = isCut ? rows.slice(first, money + MAX_STRIKES_EACH_WAY) : rows
    return html`<div class="options-head">
        <label
          >Expiry
          <select @change=${this.#choose} ?disabled=${this.isComing}>
            ${expiries.map((expiry) => html`<option value=${expiry} ?selected=${expiry === shown}>${expiry} (${daysTo(expiry)})</option>`)}
          </select>
        </label>
        ${underlyingPrice === undefined ? nothing : html`<span>Underlying <b>${priceText(underlyingPrice)}</b></span>`}
        ${this.isComing ? html`<span class="quiet" role="status">Loading</span>` : nothing}
        <span class="spring"></span>
        ${
          isCut || this.isWhole
            ? html`<button class="small" @click=${() => (this.isWhole = !this.isWhole)}>
                ${this.isWhole ? 'Strikes near the money' : `All ${rows.length} strikes`}
              </button>`
            : nothing
        }
      </div>
      ${chainTable(visible, money < 0 ? undefined : money - first)} ${pricing ? pricingNote(pricing) : nothing}`
  }

  readonly #choose = async (event: Event): Promise<void> => {
    this.expiry = (event.target as HTMLSelectElement).value
    this.isComing = true
    await this.load()
    this.isComing = false
  }
}

type Row = { readonly strike: number; readonly call?: Contract; readonly put?: Contract }

function rowsOf(contracts: readonly Contract[]): Row[] {
  const rows = new Map<number, Row>()
  for (const contract of contracts)
    rows.set(contract.strike, { ...rows.get(contract.strike), strike: contract.strike, [contract.side]: contract })
  return [...rows.values()].sort((a, b) => a.strike - b.strike)
}

/** The line between what is in the money and what is not stands before the row `money`. */
function chainTable(rows: readonly Row[], money: number | undefined) {
  const calls = COLUMNS.toReversed()
  const head = ({ label, title }: Column) =>
    html`<th scope="col" class="number"><abbr title=${title}>${label}</abbr></th>`
  const cells = (columns: readonly Column[], contract: Contract | undefined) =>
    columns.map(
      ({ text }) =>
        html`<td class="number" data-money=${contract?.inTheMoney ? 'in' : nothing}>
          ${contract ? text(contract) : ''}
        </td>`
    )
  return html`<div class="scroll chain" tabindex="0" role="group" aria-label="Option chain">
    <table class="figures">
      <thead>
        <tr>
          <th scope="colgroup" colspan=${COLUMNS.length}>Calls</th>
          <td></td>
          <th scope="colgroup" colspan=${COLUMNS.length}>Puts</th>
        </tr>
        <tr>
          ${calls.map(head)}
          <th scope="col" class="strike">Strike</th>
          ${COLUMNS.map(head)}
        </tr>
      </thead>
      <tbody>
        ${rows.map(
          ({ strike, call, put }, index) =>
            html`<tr class=${index === money ? 'at-the-money' : ''}>
              ${cells(calls, call)}
              <th scope="row" class="strike">${priceText(strike)}</th>
              ${cells(COLUMNS, put)}
            </tr>`
        )}
      </tbody>
    </table>
  </div>`
}

function pricingNote({
  riskFreeRate,
  dividendYield,
  dividendYieldSource,
  underlyingPrice,
  computedAt
}: NonNullable<OptionChain['pricing']>) {
  const percent = (rate: number) => `${(rate * 100).toFixed(2)}%`
  return html`<p class="quiet note">
    What the vendor does not tell is worked out by Black-Scholes from an underlying price of
    ${priceText(underlyingPrice)}, a rate of ${percent(riskFreeRate)} and a dividend yield of ${percent(dividendYield)}
    (${dividendYieldSource}), at ${instantText(computedAt)}.
  </p>`
}

function daysTo(expiry: string): string {
  const days = Math.ceil((Date.parse(expiry) - Date.now()) / 86_400_000)
  return days <= 0 ? 'today' : days === 1 ? '1 day' : `${days} days`
}

customElements.define('qw-options', OptionsPanel)
