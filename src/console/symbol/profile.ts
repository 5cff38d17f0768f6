import { html, nothing } from 'lit'
import type { Profile } from '../../client/client.ts'
import { api } from '../api.ts'
import { countText, ratioText } from '../format.ts'
import { Panel, type Within } from '../panel.ts'
import { outsideLink } from '../outside-link.ts'

const MAX_OFFICERS = 6

/** Who a symbol stands for. */
class ProfilePanel extends Panel<Profile> {
  protected override readonly heading = 'Profile'

  protected override ask(within: Within) {
    return api().get('/api/v1/market/profile/{symbol}', { path: { symbol: this.subject }, ...within })
  }

  protected override provenance({ provenance }: Profile) {
    return provenance
  }

  protected override body(profile: Profile) {
    const { description, officers = [] } = profile
    const facts = factsOf(profile).filter(([, value]) => value !== undefined)
    return html`<div class="profile">
      <dl class="facts">
        ${facts.map(
          ([name, value]) =>
            html`<div>
              <dt>${name}</dt>
              <dd>${value}</dd>
            </div>`
        )}
      </dl>
      ${description ? html`<p class="description">${description}</p>` : nothing}
      ${
        officers.length > 0
          ? html`<h3>Officers</h3>
              <ul class="plain">
                ${officers.slice(0, MAX_OFFICERS).map(({ name, title }) => html`<li>${name} <span class="quiet">${title ?? ''}</span></li>`)}
              </ul>`
          : nothing
      }
    </div>`
  }
}

function factsOf(profile: Profile): [string, unknown][] {
  const { website, employees, marketCap, peRatio, eps, beta, dividendYieldPercent, sharesOutstanding } = profile
  return [
    ['Sector', profile.sector],
    ['Industry', profile.industry],
    ['Country', profile.country],
    ['Exchange', profile.exchange],
    ['Currency', profile.currency],
    ['Market cap', marketCap && countText(marketCap)],
    ['P/E', peRatio && ratioText(peRatio)],
    ['Earnings per share', eps && ratioText(eps)],
    ['Beta', beta && ratioText(beta)],
    ['Dividend yield', dividendYieldPercent === undefined ? undefined : `${ratioText(dividendYieldPercent)}%`],
    ['Shares outstanding', sharesOutstanding && countText(sharesOutstanding)],
    ['Employees', employees?.toLocaleString('en-US')],
    ['Listed since', profile.ipoDate],
    ['ISIN', profile.isin],
    ['CIK', profile.cik],
    ['Website', website && outsideLink(website, website.replace(/^https?:\/\/(www\.)?/, ''))]
  ]
}

customElements.define('qw-profile', ProfilePanel)
