import { html, nothing, type TemplateResult } from 'lit'

/** What is used of the JSON Schema that a job's payload has. */
type Field = {
  readonly type?: string
  readonly enum?: readonly string[]
  readonly format?: string
  readonly description?: string
  readonly minimum?: number
  readonly maximum?: number
}
export type PayloadSchema = {
  readonly properties?: Readonly<Record<string, Field>>
  readonly required?: readonly string[]
}

const TYPES: Readonly<Record<string, string>> = { integer: 'number', number: 'number' }

export const takesAnything = ({ properties = {} }: PayloadSchema): boolean => Object.keys(properties).length > 0

/** Inputs for what a job takes. Lists are written with commas. */
export function payloadFields({ properties = {}, required = [] }: PayloadSchema): TemplateResult[] {
  return Object.entries(properties).map(([name, field]) => {
    const isRequired = required.includes(name)
    return html`<label>
      <span>${name}${isRequired ? '' : html` <span class="quiet">optional</span>`}</span>
      ${inputOf(name, field, isRequired)}
      ${field.description ? html`<small class="quiet">${field.description}</small>` : nothing}
    </label>`
  })
}

function inputOf(name: string, { type, enum: choices, format, minimum, maximum }: Field, isRequired: boolean) {
  if (choices) {
    return html`<select name=${name} ?required=${isRequired}>
      ${isRequired ? nothing : html`<option value=""></option>`}
      ${choices.map((choice) => html`<option>${choice}</option>`)}
    </select>`
  }
  if (type === 'boolean') return html`<input type="checkbox" name=${name} />`
  const kind = format === 'date' ? 'date' : (TYPES[type ?? ''] ?? 'text')
  return html`<input
    type=${kind}
    name=${name}
    ?required=${isRequired}
    min=${minimum ?? nothing}
    max=${maximum ?? nothing}
    placeholder=${type === 'array' ? 'AAPL, MSFT' : nothing}
    autocomplete="off"
    spellcheck="false"
  />`
}

/** What was filled in, as the schema wants it; what was left empty is a missing key. */
export function payloadOf(form: HTMLFormElement, { properties = {} }: PayloadSchema): Record<string, unknown> {
  const data = new FormData(form)
  const given = Object.entries(properties).flatMap(([name, { type }]): [string, unknown][] => {
    const value = data.get(name)
    const text = typeof value === 'string' ? value.trim() : ''
    if (text === '') return []
    if (type === 'boolean') return [[name, true]]
    if (type === 'array') return [[name, text.split(/[\s,]+/).filter(Boolean)]]
    return [[name, type !== undefined && type in TYPES ? Number(text) : text]]
  })
  return Object.fromEntries(given)
}
