import { html, nothing, svg, type TemplateResult } from 'lit'
import type { Sentiment } from '../../../market/sentiment.ts'
import { instantText } from '../../format.ts'

const RADIUS = 80
const CENTER = 100
/** Where the label changes: extreme fear, fear, neutral, greed, extreme greed. */
const BOUNDS = [0, 25, 45, 55, 75, 100]
const GAP = 0.8

/** The market's mood on a scale from 0 (fear) to 100 (greed), with what it is made of. */
export const sentimentGauge = ({ score, label, note, components, missing }: Sentiment): TemplateResult =>
  html`<div class="sentiment-gauge">
      <svg
        viewBox="0 0 200 112"
        role="img"
        aria-label=${score === undefined ? 'No score' : `${Math.round(score)} of 100`}
      >
        ${BOUNDS.slice(1).map((to, at) => svg`<path class="arc" data-mood=${at} d=${arc(BOUNDS[at]!, to)} />`)}
        ${
          score === undefined
            ? nothing
            : svg`<path class="needle" d="M97 100 L100 34 L103 100 Z" transform="rotate(${score * 1.8 - 90} 100 100)" />
              <circle class="needle" cx="100" cy="100" r="6" />`
        }
      </svg>
      <p><strong>${score === undefined ? '–' : Math.round(score)}</strong> <span>${label ?? note ?? ''}</span></p>
    </div>
    <dl class="components">
      ${components.map(
        ({ name, score, weight, asOf }) =>
          html`<div title=${`Weight ${Math.round(weight * 100)} %, newest input ${instantText(asOf)}`}>
            <dt>${wordsOf(name)}</dt>
            <dd>
              <svg viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">
                <rect class="track" width="100" height="6" />
                <rect class="fill" width=${score} height="6" />
              </svg>
              <span>${Math.round(score)}</span>
            </dd>
          </div>`
      )}
      ${missing.map(
        ({ name, reason }) =>
          html`<div title=${reason}>
            <dt>${wordsOf(name)}</dt>
            <dd class="quiet">not known</dd>
          </div>`
      )}
    </dl>`

const wordsOf = (name: string): string => name.charAt(0).toUpperCase() + name.slice(1).replaceAll('-', ' ')

function arc(from: number, to: number): string {
  const start = pointAt(from === 0 ? from : from + GAP)
  const end = pointAt(to === 100 ? to : to - GAP)
  return `M${start} A${RADIUS} ${RADIUS} 0 0 1 ${end}`
}

function pointAt(score: number): string {
  const angle = Math.PI * (1 - score / 100)
  return `${(CENTER + RADIUS * Math.cos(angle)).toFixed(2)} ${(CENTER - RADIUS * Math.sin(angle)).toFixed(2)}`
}
