import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'

/** The documents that say how this server is used, as they stand in docs/. */
const GUIDES = {
  'clients.md': 'Clients: a page, Python with pandas, polars and DuckDB, a live connection',
  'websocket.md': 'The live protocol: subscriptions, cursors, gaps, close codes, binary records',
  'stored-data.md': 'Stored ticks and bars, gaps, completeness, formats, paging',
  'mcp.md': 'Tools for agents: bounds on age, errors, budget',
  'migrate.md': 'From yfinance, yahoo-finance2, Alpaca, Massive and finance-query, call by call',
  'providers.md': 'Vendors, what each gives, and how its oddities are handled',
  'patterns.md': 'Candlestick patterns, and what each of them is',
  'sentiment.md': 'How the sentiment is made'
}

const options = { config: { access: 'none' }, schema: { hide: true } } as const

type Operation = { summary?: string; tags?: readonly string[] }

/** What a language model reads before it uses this server: /llms.txt, and the documents that it links as Markdown. */
export const languageModelRoutes: FastifyPluginAsyncTypebox<{ market: 'sandbox' | 'live' }> = async (
  app,
  { market }
) => {
  let text: string | undefined
  app.get('/llms.txt', options, async (_request, reply) =>
    reply
      .header('cache-control', 'no-cache')
      .type('text/plain; charset=utf-8')
      .send((text ??= textOf(market, app.swagger().paths ?? {})))
  )
  for (const file of Object.keys(GUIDES)) {
    const path = join(import.meta.dirname, '../../docs', file)
    let guide: Buffer | undefined
    app.get(`/docs/guides/${file}`, options, async (_request, reply) =>
      reply
        .header('cache-control', 'no-cache')
        .type('text/markdown; charset=utf-8')
        .send((guide ??= readFileSync(path)))
    )
  }
}

function textOf(market: 'sandbox' | 'live', paths: object): string {
  const routes = Object.entries(paths as Record<string, Record<string, Operation>>).flatMap(([path, operations]) =>
    Object.entries(operations)
      .filter(([, { tags }]) => tags?.includes('market'))
      .map(([method, { summary = '' }]) => `- \`${method.toUpperCase()} ${path}\`: ${summary}`)
  )
  const guides = Object.entries(GUIDES).map(([file, about]) => `- [${file}](/docs/guides/${file}): ${about}`)
  return `# Quotewire

> A self-hosted market-data server. It asks many vendors, keeps one honest answer, and serves it over REST, WebSocket and the
> Model Context Protocol. ${MARKETS[market]}

Every request needs an API key: \`Authorization: Bearer <key>\` or \`X-API-Key: <key>\`. Scopes: \`market:read\` for REST, \`stream:read\`
for live connections, \`mcp:read\` for tools. 401 and 403 say what is missing; 429 and 503 say in \`Retry-After\` when to come back.

Every value has \`provenance\`: source, feed, receivedAt, state (live, delayed, closed, stale, suspect) and attempts. Say where a price
is from and how old it is (\`asOf\`). A missing number is a missing key, never 0. Instants are ISO 8601 in UTC; daily bars start
at session dates of their exchange. Errors have one body: \`{ "error": { "code", "message", "requestId", "details" } }\`.

## Tools

- \`POST /mcp\`: the Model Context Protocol (2026-07-28, and clients of 2025), with quotes, history, search, news, explanations, the
  market overview and completeness; \`maxAgeSeconds\` refuses what is older

## REST

${routes.join('\n')}

## Live

- \`/api/v1/market/ws/stock-quotes\` and \`/api/v1/market/ws/market-data\`: WebSocket; snapshots, events with cursors, resumption

## Documents

- [OpenAPI 3.1](/openapi.json): every route with its schemas; [as a page](/docs)
- [AsyncAPI 3](/asyncapi.json): every frame of the live protocol; [as a page](/docs/live)
${guides.join('\n')}
`
}

const MARKETS = {
  sandbox: 'This server runs a SIMULATED market: its prices are made up, and labelled `"feed": "sandbox"`.',
  live: 'This server asks real vendors.'
}
