import { asyncApi } from '../hub/async-api.ts'
import { fieldsOf, type SchemaPart } from './schema-fields.ts'

type Message = (typeof asyncApi.components.messages)[string]
type Operation = (typeof asyncApi.operations)[string]

const ESCAPES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }
const escaped = (text: string): string => text.replace(/[&<>"]/g, (character) => ESCAPES[character]!)

/** A text of the document, with what stands between backticks as code. */
const prose = (text: string): string => escaped(text).replace(/`([^`]+)`/g, '<code>$1</code>')

/** Paragraphs, and lists of the lines that begin with a dash. */
function blocks(text: string): string {
  return text
    .split('\n\n')
    .map((block) => {
      const lines = block.split('\n')
      const items = lines.filter((line) => line.startsWith('- '))
      const rest = lines.filter((line) => !line.startsWith('- ')).join(' ')
      const list =
        items.length > 0 ? `<ul>${items.map((item) => `<li>${prose(item.slice(2))}</li>`).join('')}</ul>` : ''
      return `${rest ? `<p>${prose(rest)}</p>` : ''}${list}`
    })
    .join('\n')
}

/** The AsyncAPI document as a page that needs no script. */
export function liveReference(): string {
  const { info, channels, operations, components } = asyncApi
  const [sent, received] = [namesOf(operations['marketDataReceive']!), namesOf(operations['eventStreamSend']!)]
  const sections = (names: string[]) => names.map((name) => frame(name, components.messages[name]!)).join('\n')
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(info.title)}: the protocol</title>
<link rel="icon" href="/icon.svg">
<link rel="stylesheet" href="/docs/live.css">
</head>
<body>
<header>
<h1>${escaped(info.title)}</h1>
<p><a href="/docs">REST</a> <a href="/asyncapi.json">AsyncAPI document</a> <a href="/llms.txt">For language models</a></p>
</header>
<div class="columns">
<nav aria-label="Frames">
<h2>You send</h2>
${links(sent)}
<h2>You get</h2>
${links(received)}
</nav>
<main>
<section aria-labelledby="protocol">
<h2 id="protocol">The protocol</h2>
${blocks(info.description)}
</section>
<section aria-labelledby="addresses">
<h2 id="addresses">Addresses</h2>
<ul>${Object.values(channels)
    .map(({ address }) => `<li><code>${escaped(address)}</code></li>`)
    .join('')}</ul>
<p>The WebSockets take the same frames; server-sent events bring those that you get. The credential is shown in one of these ways:</p>
<dl>${Object.entries(components.securitySchemes)
    .map(([name, { description }]) => `<dt><code>${escaped(name)}</code></dt><dd>${prose(description)}</dd>`)
    .join('')}</dl>
</section>
<h2 id="sent">Frames that you send</h2>
${sections(sent)}
<h2 id="received">Frames that you get</h2>
${sections(received)}
</main>
</div>
</body>
</html>
`
}

/** The names of an operation's messages stand at the end of its references. */
const namesOf = ({ messages }: Operation): string[] => messages.map(({ $ref }) => $ref.split('/').at(-1)!)

const links = (names: string[]): string =>
  `<ul>${names.map((name) => `<li><a href="#${name}">${escaped(name)}</a></li>`).join('')}</ul>`

function frame(name: string, { summary, payload, examples }: Message): string {
  const json = escaped(JSON.stringify(examples[0]!.payload, undefined, 2))
  return `<section aria-labelledby="${name}">
<h3 id="${name}"><code>${escaped(name)}</code></h3>
<p>${prose(summary)}</p>
<div class="wide" role="region" aria-label="Fields of ${escaped(name)}" tabindex="0">${table(payload)}</div>
<details><summary>Example</summary>
<pre role="region" aria-label="Example of ${escaped(name)}" tabindex="0"><code>${json}</code></pre>
</details>
</section>`
}

function table(payload: SchemaPart): string {
  const rows = fieldsOf(payload).map(({ path, type, isOptional, description = '' }) => {
    const optional = isOptional ? ' <small>optional</small>' : ''
    const cells = [`<code>${escaped(path)}</code>${optional}`, prose(type), prose(description)]
    return `<tr>${cells.map((cell, index) => (index === 0 ? `<th scope="row">${cell}</th>` : `<td>${cell}</td>`)).join('')}</tr>`
  })
  return `<table><thead><tr><th scope="col">Field</th><th scope="col">Type</th><th scope="col">Description</th></tr></thead><tbody>${rows.join('')}</tbody></table>`
}
