import type { Client, Quote, StreamFrame } from 'quotewire/client'
import { useEffect, useState } from 'react'

/** A person sees no more than four changes a second. */
const CONFLATE_MS = 250

/** The newest quote of each symbol, by canonical symbol, and whether they are live now. One client is enough for a page. */
export function useQuotes(client: Client, symbols: readonly string[]) {
  const [quotes, setQuotes] = useState<ReadonlyMap<string, Quote>>(new Map())
  const [isLive, setIsLive] = useState(false)
  const wanted = symbols.join(' ')

  useEffect(() => {
    if (wanted === '') return undefined
    const subscription = client.subscribe(
      { symbols: wanted.split(' '), conflateMs: CONFLATE_MS },
      {
        onEvent(event) {
          const told = quotesIn(event)
          if (told.length === 0) return
          setQuotes((before) => new Map([...before, ...told.map((quote) => [quote.symbol, quote] as const)]))
        },
        onState: ({ state }) => setIsLive(state === 'open')
      }
    )
    return () => subscription.close()
  }, [client, wanted])

  return { quotes, isLive }
}

function quotesIn(event: StreamFrame): readonly Quote[] {
  if (event.type === 'snapshot') return event.data.quotes ?? []
  return event.type === 'quote_update' ? [event.data.quote] : []
}
