import type { Gets } from '../client/client.ts'
import { serverClock } from './server-clock.ts'
import { Value } from './value.ts'

/** Often enough that a session never ends while somebody looks, and that its end is noticed. */
const ASK_EVERY_MS = 60_000

type Answer = Gets['/api/v1/auth/session']['answer']
export type SignedIn = Extract<Answer, { signedIn: true }>
export type SignedOut = Extract<Answer, { signedIn: false }>
export type Scope = SignedIn['scopes'][number]

/** Who is signed in; undefined until the server has said it. */
export const session = new Value<SignedIn | SignedOut | undefined>(undefined)

export const may = (scope: Scope): boolean => session.now?.signedIn === true && session.now.scopes.includes(scope)

/** Why somebody could not be signed in, in words for people. */
export class SignInFailure extends Error {}

/** Whom a link would sign in here. Anybody can send such a link: nobody is signed in by it before they said so. */
export type Invitation = { readonly code: string; readonly name: string; readonly scopes: readonly Scope[] }
export const invitation = new Value<Invitation | undefined>(undefined)

/** Reads whom a link's code stands for. Throws SignInFailure. */
export async function readInvitation(code: string): Promise<void> {
  const holder = await answerOf<Omit<Invitation, 'code'>>(ask('POST', { code }, '/api/v1/auth/sign-in-code/holder'))
  invitation.set({ ...holder, code })
}

/** Signs in by an API key or a one-time code, in place of whoever is signed in. Throws SignInFailure. */
export async function signIn(by: { apiKey: string } | { code: string }): Promise<void> {
  session.set(await answerOf<SignedIn>(ask('POST', by)))
}

async function answerOf<Told>(asked: Promise<Response>): Promise<Told> {
  const response = await asked.catch(() => {
    throw new SignInFailure('The server does not answer')
  })
  const answer = (await response.json()) as Told & { error?: { code: string; message: string } }
  if (response.ok) return answer
  // Somebody signed in by another tab meanwhile.
  if (answer.error?.code === 'CSRF_TOKEN') await askSession()
  throw new SignInFailure(answer.error?.message ?? 'The server refused it')
}

/** Ends the session, here and in every other tab. */
export async function signOut(): Promise<void> {
  await ask('DELETE')
  session.set({ signedIn: false })
}

/** Asks who is signed in, and keeps it so. A server that does not answer changes nothing. */
export async function askSession(): Promise<void> {
  const response = await ask('GET').catch(() => undefined)
  if (response?.ok) session.set(changed((await response.json()) as SignedIn | SignedOut))
}

/**
 * What is as it was stays the same object, so that nothing is rendered for it. Of a cookie that ran out the browser sends
 * nothing, so that the server cannot say why it counts no longer.
 */
function changed(answer: SignedIn | SignedOut): SignedIn | SignedOut {
  const before = session.now
  if (before?.signedIn && !answer.signedIn) return { reason: 'Your session has ended. Sign in again.', ...answer }
  const isSame = before?.signedIn && answer.signedIn && before.csrfToken === answer.csrfToken
  return isSame && before.scopes.join() === answer.scopes.join() ? before : answer
}

async function ask(method: string, body?: object, path = '/api/v1/auth/session'): Promise<Response> {
  const sentAt = Date.now()
  const response = await fetch(path, {
    method,
    headers: {
      ...(body && { 'content-type': 'application/json' }),
      ...(session.now?.signedIn && { 'x-csrf-token': session.now.csrfToken })
    },
    ...(body && { body: JSON.stringify(body) })
  })
  serverClock.note(response.headers.get('date'), sentAt, Date.now())
  return response
}

/** Asks from now on, and whenever somebody looks at the page again. */
export function keepSession(): void {
  setInterval(() => void askSession(), ASK_EVERY_MS)
  document.addEventListener('visibilitychange', () => {
    if (!document.hidden) void askSession()
  })
}
