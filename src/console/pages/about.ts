import { html } from 'lit'
import { ConsoleElement } from '../element.ts'

/** What this is, and by whom what it is made of. */
class About extends ConsoleElement {
  protected override render() {
    return html`<article class="prose panel">
      <h1>About Quotewire</h1>
      <p>
        A market-data server of your own: it asks many vendors, keeps one honest answer, and says of each value where it
        comes from, how old it is and whether to trust it.
      </p>
      <ul>
        <li><a href="/docs">REST API</a>, its document: <a href="/openapi.json">/openapi.json</a></li>
        <li>WebSocket protocol: <a href="/asyncapi.json">/asyncapi.json</a></li>
        <li>Health: <a href="/api/health">/api/health</a>; for Prometheus: <a href="/metrics">/metrics</a></li>
      </ul>
      <h2>Charts</h2>
      <p>
        Charts are drawn by
        <a href="https://www.tradingview.com/" rel="noreferrer">TradingView Lightweight Charts™</a>, Copyright © 2025
        TradingView, Inc., under the Apache License 2.0.
      </p>
      <h2>Page</h2>
      <p>
        Made with <a href="https://lit.dev/" rel="noreferrer">Lit</a>, Copyright Google LLC, under the BSD 3-Clause
        License.
      </p>
      <h2>Keyboard</h2>
      <dl class="keys">
        <dt><kbd>/</kbd></dt>
        <dd>Search</dd>
        <dt><kbd>↑</kbd> <kbd>↓</kbd> <kbd>Enter</kbd></dt>
        <dd>Choose among what was found</dd>
        <dt><kbd>Esc</kbd></dt>
        <dd>Close</dd>
      </dl>
    </article>`
  }
}

customElements.define('qw-about', About)
