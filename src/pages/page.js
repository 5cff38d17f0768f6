const SYMBOLS = ['AAPL', 'MSFT', 'NVDA', 'AMZN', 'GOOGL', 'META', 'TSLA', 'JPM', 'XOM', 'BTC-USD']
const HEALTH_EVERY_MS = 15_000
const RECONNECT_AFTER_MS = 2000
/** Before its token ends a connection is given a new one. */
const RENEW_BEFORE_MS = 60_000
/** From here on a close code says that trying again would not help. */
const FINAL_CLOSE_CODE = 4500

const byId = (id) => document.getElementById(id)
const connection = byId('connection')

function say(text, state = 'working') {
  connection.textContent = text
  connection.dataset.state = state
}

async function showHealth() {
  try {
    const response = await fetch('/api/health')
    const health = await response.json()
    const upFor = duration(health.uptimeSeconds)
    byId('health').textContent =
      `${health.market === 'sandbox' ? 'Simulated market' : 'Live market'} · ${health.status} · version ${health.version} · up ${upFor}`
    const vendors = byId('providers')
    vendors.hidden = false
    vendors.tBodies[0].replaceChildren(
      ...Object.entries(health.providers).map(([name, { status, failingSince }]) =>
        row([{ text: name }, { text: failingSince ? `failing since ${time(failingSince)}` : status }])
      )
    )
  } catch {
    byId('health').textContent = 'The server does not answer'
  }
}

function row(cells) {
  const line = document.createElement('tr')
  for (const { text = '', kind = '' } of cells) {
    const cell = document.createElement('td')
    cell.textContent = text
    cell.className = kind
    line.append(cell)
  }
  return line
}

const time = (instant) => (instant ? new Date(instant).toLocaleTimeString() : '')

function duration(seconds) {
  if (seconds < 60) return `${seconds} s`
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`
  return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`
}

const quotes = new Map()

function showQuote(quote) {
  const held = quotes.get(quote.symbol)
  const line = quoteRow(quote)
  if (held) held.replaceWith(line)
  else byId('quotes').tBodies[0].append(line)
  quotes.set(quote.symbol, line)
  byId('quotes').hidden = false
}

function quoteRow({ symbol, name, price, change, changePercent, currency, asOf, provenance }) {
  const direction = change > 0 ? 'up' : change < 0 ? 'down' : ''
  const format = { minimumFractionDigits: 2, maximumFractionDigits: 4 }
  const number = (value) => value?.toLocaleString(undefined, format) ?? ''
  const percent = changePercent === undefined ? '' : ` (${changePercent.toFixed(2)} %)`
  return row([
    { text: symbol },
    { text: name, kind: 'name' },
    { text: `${number(price)} ${currency}`, kind: 'number' },
    { text: `${change > 0 ? '+' : ''}${number(change)}${percent}`, kind: `number ${direction}` },
    { text: provenance.state },
    { text: time(asOf), kind: 'time' }
  ])
}

class Stream {
  #key
  #socket
  #timer

  constructor(key) {
    this.#key = key
  }

  async open() {
    const token = await this.#exchange()
    if (!token) return
    const socket = new WebSocket(new URL('/api/v1/market/ws/stock-quotes', location.href.replace(/^http/, 'ws')))
    this.#socket = socket
    socket.addEventListener('open', () => {
      this.#authenticate(token)
      this.#send({ type: 'subscribe', data: { type: 'stock_quotes', symbols: SYMBOLS, conflateMs: 250 } })
    })
    socket.addEventListener('message', ({ data }) => this.#take(JSON.parse(data)))
    socket.addEventListener('close', ({ code, reason }) => {
      if (this.#socket !== socket) return
      clearTimeout(this.#timer)
      if (code >= FINAL_CLOSE_CODE) return say(`The server ended the connection: ${reason || code}`, 'failed')
      say('Not connected; trying again')
      this.#timer = setTimeout(() => void this.open(), RECONNECT_AFTER_MS)
    })
  }

  close() {
    clearTimeout(this.#timer)
    const socket = this.#socket
    this.#socket = undefined
    socket?.close()
  }

  /** A token for the key; undefined where it was told why there is none. */
  async #exchange() {
    try {
      const response = await fetch('/api/v1/auth/token', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ apiKey: this.#key })
      })
      const answer = await response.json()
      if (response.ok) return answer
      say(answer.error.message, 'failed')
    } catch {
      say('The server does not answer; trying again')
      this.#timer = setTimeout(() => void this.open(), RECONNECT_AFTER_MS)
    }
    return undefined
  }

  #authenticate({ token, expiresAt }) {
    this.#send({ type: 'auth', data: { token } })
    const lifeMs = Date.parse(expiresAt) - Date.now()
    this.#timer = setTimeout(() => void this.#renew(), Math.max(lifeMs - RENEW_BEFORE_MS, lifeMs / 2))
  }

  async #renew() {
    const token = await this.#exchange()
    if (token && this.#socket?.readyState === WebSocket.OPEN) this.#authenticate(token)
  }

  #send(frame) {
    this.#socket.send(JSON.stringify(frame))
  }

  #take({ type, data }) {
    if (type === 'subscribed') say('Connected; each line changes when its price does')
    if (type === 'error') say(data.message, 'failed')
    if (type === 'snapshot') for (const quote of data.quotes) showQuote(quote)
    if (type === 'quote_update') showQuote({ symbol: data.symbol, ...data.quote })
  }
}

let stream
byId('connect').addEventListener('submit', (event) => {
  event.preventDefault()
  stream?.close()
  say('Connecting')
  stream = new Stream(byId('key').value.trim())
  void stream.open()
})

void showHealth()
setInterval(() => void showHealth(), HEALTH_EVERY_MS)
