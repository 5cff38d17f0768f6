const ESCAPES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }

/** Where an administrator's browser shows its API key once. Needs no script. `problem` is shown above the field. */
export function loginPage(action: string, problem?: string): string {
  return page(
    action,
    `${problem === undefined ? '' : `<p role="alert">${escaped(problem)}</p>`}
  <label for="apiKey">API key</label>
  <input id="apiKey" name="apiKey" type="password" autocomplete="current-password" required autofocus>
  <button>Sign in</button>
  <small>A key with the scope admin:read. Changing anything takes admin:write.</small>`
  )
}

/** A button, for a mere link to it would let any other page sign people out. */
export function logoutPage(action: string): string {
  return page(action, '<button autofocus>Sign out</button>')
}

function page(action: string, content: string): string {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Quotewire administration</title>
<style>
  body { font: 16px/1.5 system-ui, sans-serif; display: grid; place-items: center; min-height: 100vh; margin: 0;
    background: #151a21; color: #e6e9ee }
  form { width: min(22rem, 90vw); display: grid; gap: .75rem }
  h1 { font-size: 1.25rem; margin: 0 }
  input, button { font: inherit; padding: .6rem .75rem; border-radius: .4rem; border: 1px solid #3a4454 }
  input { background: #1d242e; color: inherit }
  button { background: #3d7eff; border-color: #3d7eff; color: #fff; cursor: pointer }
  :focus-visible { outline: 2px solid #9bbcff; outline-offset: 2px }
  [role=alert] { color: #ff9c9c; margin: 0 }
  small { color: #97a3b4 }
</style>
<form method="post" action="${escaped(action)}">
  <h1>Quotewire administration</h1>
  ${content}
</form>
</html>
`
}

function escaped(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => ESCAPES[character]!)
}
