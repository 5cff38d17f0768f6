import { html, nothing, type TemplateResult } from 'lit'
import type { ValueState } from '../market/provenance.ts'
import type { QuoteGroup, QuoteProvenance } from '../market/quote-provenance.ts'
import { ageText } from './ages.ts'
import { instantText } from './format.ts'

const MEANINGS: Record<ValueState, string> = {
  live: 'As the market has it now',
  delayed: 'The source tells it late',
  closed: 'The last before the market closed',
  stale: 'Too old, and no source could renew it',
  suspect: 'A quality rule doubts it'
}

const GROUPS: Record<QuoteGroup, string> = {
  price: 'price',
  reference: 'previous close and change',
  day: "the day's range and volume",
  book: 'bid and ask',
  year: "the year's range",
  marketCap: 'market value',
  extendedHours: 'price outside regular hours',
  derivative: 'open interest and greeks'
}

/** Whether to trust a value now, as one word. */
export const stateChip = (state: ValueState): TemplateResult =>
  html`<span class="chip" data-state=${state} title=${MEANINGS[state]}>${state}</span>`

/** Everything about where a value comes from, in one line for a tooltip. `asOf` is its instant. */
export function provenanceText(
  { source, feed, delivery, receivedAt, delayedBySeconds, state, notes, parts = [] }: QuoteProvenance,
  asOf?: string
) {
  return [
    `${MEANINGS[state]}.`,
    `Source: ${source}, ${feed}${delivery === 'stream' ? ', streamed' : ''}`,
    ...(delayedBySeconds === undefined ? [] : [`delayed by ${delayedBySeconds} s`]),
    ...(asOf === undefined ? [] : [`as of ${instantText(asOf)}`]),
    `received ${instantText(receivedAt)}`,
    ...parts.map((part) => `${groupsText(part.groups)}: ${part.source}, ${part.feed}, as of ${instantText(part.asOf)}`),
    ...(notes ?? [])
  ].join('\n')
}

function groupsText(groups: readonly QuoteGroup[]): string {
  const text = groups.map((group) => GROUPS[group]).join(', ')
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}`
}

/** A value's source, age and state at a glance; details on hovering. */
export function provenanceOf(provenance: QuoteProvenance, asOf?: string): TemplateResult {
  const { source, state, receivedAt } = provenance
  return html`<span class="provenance" title=${provenanceText(provenance, asOf)}>
    <span class="source">${source}</span><span class="age">${ageText(asOf ?? receivedAt)}</span>${stateChip(state)}
  </span>`
}

/** Which figures of a quote others told than who told its price; nothing where it is all of one. */
export function othersOf({ parts = [] }: QuoteProvenance): TemplateResult | typeof nothing {
  if (parts.length === 0) return nothing
  return html`<ul class="others" aria-label="Figures of other sources">
    ${parts.map(
      (part) =>
        html`<li title=${`As of ${instantText(part.asOf)}`}>
          ${groupsText(part.groups)}: <span class="source">${part.source}</span> ${part.feed}, ${ageText(part.asOf)}
        </li>`
    )}
  </ul>`
}
