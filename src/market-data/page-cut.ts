type Limited = { readonly limit: number }

/** By one row more than was asked for it is seen whether there are further ones. */
export const oneMore = <Request extends Limited>(request: Request): Request => ({
  ...request,
  limit: request.limit + 1
})

/** The rows of a page, and the last of them where further ones follow. */
export function pageOf<Row>(held: readonly Row[], { limit }: Limited): { page: readonly Row[]; last: Row | undefined } {
  const page = held.slice(0, limit)
  return { page, last: held.length > limit ? page.at(-1) : undefined }
}
