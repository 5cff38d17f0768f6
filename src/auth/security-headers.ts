/**
 * What every answer tells a browser. An answer of the API is data, not a page: with its content type and `nosniff` no
 * browser runs or renders it. Strict-Transport-Security is for the proxy that ends TLS; the pages under /docs have helmet.
 */
export const SECURITY_HEADER = ['x-content-type-options', 'nosniff'] as const
