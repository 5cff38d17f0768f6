import { Type, type Static } from 'typebox'

/** Whether a service that the server needs answers. */
export const Dependency = Type.Object({
  status: Type.Enum(['up', 'down']),
  latencyMs: Type.Optional(Type.Number()),
  reason: Type.Optional(Type.String())
})
export type Dependency = Static<typeof Dependency>

/** By name; each rejects when its service does not answer. */
export type DependencyChecks = Readonly<Record<string, () => Promise<unknown>>>
