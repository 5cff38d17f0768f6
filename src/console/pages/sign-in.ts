import { html, nothing } from 'lit'
import { ConsoleElement } from '../element.ts'
import { icon } from '../icons.ts'
import { go, place } from '../router.ts'
import { invitation, session, signIn, SignInFailure, type Invitation } from '../session.ts'

/** Only pages of this server: an address that leads elsewhere must not be followed on somebody's behalf. */
const OWN_PAGE = /^\/(?![/\\])[\w\-./%?=&~]*$/

/** Asks for an API key once, and goes on to where one wanted to go. */
class SignIn extends ConsoleElement {
  static override properties = { problem: { state: true }, isBusy: { state: true } }
  declare problem: string
  declare isBusy: boolean

  constructor() {
    super()
    Object.assign(this, { problem: '', isBusy: false })
    this.show(session, invitation, place)
  }

  protected override firstUpdated(): void {
    this.querySelector('input')?.focus()
  }

  protected override updated(): void {
    if (invitation.now) return
    if (session.now?.signedIn && place.now.path === '/sign-in' && !place.now.query.has('refused')) this.#goOn()
  }

  protected override render() {
    const invited = invitation.now
    if (invited) return this.#invitation(invited)
    const problem = this.problem || this.#reason()
    return html`<main class="sign-in">
      <form @submit=${this.#submit}>
        <h1>${icon.logo}<span>Quotewire</span></h1>
        <p>
          Sign in with an API key. The browser keeps a cookie that no script can read; the key itself is kept nowhere.
        </p>
        ${problem ? html`<p class="problem" role="alert">${problem}</p>` : nothing}
        <label for="api-key">API key</label>
        <input
          id="api-key"
          name="api-key"
          type="password"
          autocomplete="current-password"
          spellcheck="false"
          placeholder="qw_…"
          required
          maxlength="200"
        />
        <button class="primary" ?disabled=${this.isBusy}>${this.isBusy ? 'Signing in' : 'Sign in'}</button>
        <p class="hint">
          <code>npm start</code> shows a key and a link that signs you in. Another key:
          <code>npm run key -- --user NAME --scope market:read,stream:read</code>
        </p>
      </form>
    </main>`
  }

  #invitation({ name, scopes }: Invitation) {
    const who = session.now
    return html`<main class="sign-in">
      <form @submit=${this.#acceptInvitation}>
        <h1>${icon.logo}<span>Quotewire</span></h1>
        <p>
          A link asks to sign this browser in as <b>${name}</b>, whose key grants
          ${scopes.join(', ')}${who?.signedIn ? html`, instead of as <b>${who.name}</b>` : nothing}.
        </p>
        ${this.problem ? html`<p class="problem" role="alert">${this.problem}</p>` : nothing}
        <p>Go on only if it is your own, such as the one that <code>npm start</code> shows.</p>
        <button class="primary" ?disabled=${this.isBusy}>Sign in as ${name}</button>
        <button type="button" @click=${this.#declineInvitation}>Do not sign in</button>
      </form>
    </main>`
  }

  #reason(): string {
    const who = session.now
    if (who?.signedIn) {
      const wants = place.now.query.has('refused') ? 'That page takes a key with the scope admin:read. ' : ''
      return `${wants}You are signed in as ${who.name}, whose key grants ${who.scopes.join(', ')}.`
    }
    return who?.reason ?? ''
  }

  readonly #submit = async (event: Event): Promise<void> => {
    event.preventDefault()
    const input = this.querySelector('input')!
    if (await this.#signIn({ apiKey: input.value.trim() })) input.value = ''
    else input.select()
    if (this.problem === '' && place.now.path === '/sign-in') this.#goOn()
  }

  readonly #acceptInvitation = async (event: Event): Promise<void> => {
    event.preventDefault()
    const { code } = invitation.now!
    if (await this.#signIn({ code })) this.#declineInvitation()
  }

  readonly #declineInvitation = (): void => {
    this.problem = ''
    invitation.set(undefined)
  }

  /** Whether it came to be. */
  async #signIn(by: Parameters<typeof signIn>[0]): Promise<boolean> {
    this.isBusy = true
    try {
      await signIn(by)
      this.problem = ''
      return true
    } catch (error) {
      if (!(error instanceof SignInFailure)) throw error
      this.problem = error.message
      return false
    } finally {
      this.isBusy = false
    }
  }

  #goOn(): void {
    const next = place.now.query.get('next') ?? '/'
    const target = OWN_PAGE.test(next) ? next : '/'
    if (target.startsWith('/admin/')) location.assign(target)
    else go(target, { isReplacing: true })
  }
}

customElements.define('qw-sign-in', SignIn)
