import { go, followAddress } from './router.ts'
import { PAGES } from './page-list.ts'
import { askSession, keepSession, readInvitation, SignInFailure } from './session.ts'
import { toast } from './toasts.ts'
import './shell.ts'

const SIGN_IN_CODE = /^#sign-in=(qs_[\w-]+)$/

followAddress(PAGES)
const [, code] = SIGN_IN_CODE.exec(location.hash) ?? []
// Gone from the address at once: nobody finds it in the history or on a shared screen.
if (code !== undefined) go(location.pathname, { isReplacing: true })
if (code !== undefined) {
  try {
    await readInvitation(code)
  } catch (error) {
    if (!(error instanceof SignInFailure)) throw error
    toast(error.message, 'failed')
  }
}
await askSession()
keepSession()
