/**
 * What a browser must know about an answer that is data: never run it, frame it, sniff it or send its address on.
 * Set as one constant beside the other headers of a response; the pages under /docs have helmet, which knows pages.
 */
export const SECURITY_HEADERS = {
  'x-content-type-options': 'nosniff',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'strict-transport-security': 'max-age=31536000; includeSubDomains'
} as const
