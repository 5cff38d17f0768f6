import { html, nothing, type TemplateResult } from 'lit'
import type { News } from '../client/client.ts'
import { ageMsOf, agoText } from './ages.ts'
import { instantText } from './format.ts'
import { outsideLink } from './outside-link.ts'
import { symbolPath } from './router.ts'

/** Tones between are neither good nor bad. */
const NEUTRAL = 0.15

type Story = News['items'][number]

/** Stories with the tone of each; where they are of many symbols, with those that each names. */
export const storyList = (stories: readonly Story[], { withSymbols = false } = {}): TemplateResult =>
  html`<ol class="stories">
    ${stories.map((story) => storyOf(story, withSymbols ? story.symbols : []))}
  </ol>`

function storyOf({ title, url, publisher, summary, publishedAt, tone }: Story, symbols: readonly string[]) {
  return html`<li>
    <p class="story-head">
      <strong>${outsideLink(url, title)}</strong>
      ${tone ? toneOf(tone) : nothing}
    </p>
    <p class="story-about quiet">
      <span
        >${publisher ? html`${publisher} · ` : nothing}<time datetime=${publishedAt} title=${instantText(publishedAt)}
          >${agoText(ageMsOf(publishedAt))}</time
        ></span
      >
      ${symbols.length > 0 ? html`<span class="story-symbols">${symbols.map(linkTo)}</span>` : nothing}
    </p>
    ${summary ? html`<p class="summary">${summary}</p>` : nothing}
  </li>`
}

const linkTo = (symbol: string) => html`<a href=${symbolPath(symbol)}>${symbol}</a>`

function toneOf({ score, by }: NonNullable<Story['tone']>) {
  const tone = score >= NEUTRAL ? 'good' : score <= -NEUTRAL ? 'bad' : 'neutral'
  const title = by === 'vendor' ? "The vendor's own score" : 'As a lexicon of finance reads the title'
  return html`<span class="chip" data-tone=${tone} title=${title}
    >${tone} ${score > 0 ? '+' : ''}${score.toFixed(2)}</span
  >`
}
