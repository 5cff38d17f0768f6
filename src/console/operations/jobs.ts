import { html, nothing } from 'lit'
import type { Gets } from '../../client/client.ts'
import type { JobRun, Queue } from '../../client/operator-api.ts'
import { ageMsOf, agoText, countdownText, lengthText } from '../ages.ts'
import { api, wordsFor } from '../api.ts'
import { countText, instantText } from '../format.ts'
import { Panel, type Within } from '../panel.ts'
import { serverClock } from '../server-clock.ts'
import { may } from '../session.ts'
import { toast } from '../toasts.ts'
import { payloadFields, payloadOf, takesAnything } from './payload-form.ts'
import { RENEW_MS } from './renewal.ts'

const MAX_RUNS = 100
/** Most runs of a quiet system had nothing to do. */
const SHOWN_RUNS = {
  worked: { label: 'Without skipped', isShown: (outcome: JobRun['outcome']) => outcome !== 'skipped' },
  failed: { label: 'Failed', isShown: (outcome: JobRun['outcome']) => outcome === 'failed' || outcome === 'lost' },
  all: { label: 'All', isShown: () => true }
} as const

type Status = Gets['/api/v1/market/jobs/status']['answer']
type Answer = Status & { readonly runs: readonly JobRun[] }
type Entry = Status['catalog'][number]

/** The background half: what each job does and did, queues, and what operators may do about them. */
class JobsPanel extends Panel<Answer> {
  static override properties = { shown: { state: true }, asked: { state: true }, refusal: { state: true } }
  /** Which of the newest runs. */
  declare shown: keyof typeof SHOWN_RUNS
  /** The job whose payload is being filled in. */
  declare asked: Entry | undefined
  declare refusal: string
  protected override readonly heading = 'Jobs'
  protected override readonly renewMs = RENEW_MS

  constructor() {
    super()
    Object.assign(this, { shown: 'worked', refusal: '' })
  }

  protected override async ask(within: Within) {
    const [status, { runs }] = await Promise.all([
      api().get('/api/v1/market/jobs/status', within),
      api().get('/api/v1/market/jobs/runs', { query: { limit: MAX_RUNS }, ...within })
    ])
    return { ...status, runs }
  }

  protected override updated(): void {
    const dialog = this.querySelector('dialog')
    if (this.asked && dialog && !dialog.open) dialog.showModal()
  }

  protected override body(answer: Answer) {
    return html`<ul class="queues">
        ${answer.queues.map((queue) => this.#queue(queue))}
      </ul>
      <div class="scroll whole" tabindex="0" role="group" aria-label="All jobs">
        <table class="figures">
          <thead>
            <tr>
              <th scope="col">Job</th>
              <th scope="col" class="wide-only">Next run</th>
              <th scope="col">Last run</th>
              <th scope="col" class="number wide-only"><abbr title="Runs in 24 hours">Runs</abbr></th>
              <th scope="col" class="number wide-only"><abbr title="Runs in 24 hours that failed">Failed</abbr></th>
              <th scope="col" class="number wide-only"><abbr title="Median and 99 of 100">Took</abbr></th>
              <td></td>
            </tr>
          </thead>
          <tbody>
            ${answer.catalog.map((entry) => this.#job(entry, answer))}
          </tbody>
        </table>
      </div>
      ${this.#runs(answer.runs)} ${this.asked ? this.#dialog(this.asked) : nothing}`
  }

  #queue({ name, isPaused, workers, active, waiting, delayed, failed }: Status['queues'][number]) {
    const hasWorkers = workers > 0
    return html`<li>
      <strong>${name}</strong>
      ${isPaused ? html`<span class="chip" data-status="late">paused</span>` : nothing}
      ${hasWorkers ? nothing : html`<span class="chip" data-status="failing">no worker</span>`}
      <span class="quiet">
        ${countText(active)} active · ${countText(waiting)} waiting · ${countText(delayed)} scheduled ·
        ${countText(failed)} failed
      </span>
      ${
        may('admin:write')
          ? html`<button class="small" @click=${() => this.#setPaused(name as Queue, !isPaused)}>
              ${isPaused ? 'Resume' : 'Pause'}
            </button>`
          : nothing
      }
    </li>`
  }

  #job(entry: Entry, { schedules, jobs }: Answer) {
    const { job, summary } = entry
    const own = schedules.filter((each) => each.job === job)
    const [soonest] = own.flatMap(({ nextRunAt }) => nextRunAt ?? []).sort()
    const totals = jobs.find((each) => each.job === job)
    const last = totals?.lastRun
    return html`<tr>
      <th scope="row" class="wraps">${job}<span class="under">${summary}</span></th>
      <td class="wide-only">
        ${soonest ? html`<span title=${instantText(soonest)}>${nextText(soonest)}</span>` : html`<span class="quiet">${own.length > 0 ? 'not scheduled yet' : 'on demand'}</span>`}
      </td>
      <td>
        ${last ? html`<span class="chip" data-outcome=${last.outcome}>${last.outcome}</span> <span class="quiet">${agoText(ageMsOf(last.startedAt))}</span>` : '–'}
      </td>
      <td class="number wide-only">${countText(totals?.runs)}</td>
      <td class="number wide-only">${countText(totals?.outcomes.failed)}</td>
      <td class="number wide-only">
        ${totals?.durationMs ? `${lengthOf(totals.durationMs.p50)} / ${lengthOf(totals.durationMs.p99)}` : '–'}
      </td>
      <td class="number">
        ${
          may('admin:write')
            ? html`<button class="small" aria-label=${`Run now: ${job}`} @click=${() => this.#want(entry)}>
                Run now
              </button>`
            : nothing
        }
      </td>
    </tr>`
  }

  #runs(all: readonly JobRun[]) {
    const runs = all.filter(({ outcome }) => SHOWN_RUNS[this.shown].isShown(outcome))
    const choices = Object.keys(SHOWN_RUNS) as (keyof typeof SHOWN_RUNS)[]
    return html`<div class="runs-head">
        <h3>Newest runs</h3>
        <div class="segments" role="group" aria-label="Which runs">
          ${choices.map(
            (choice) =>
              html`<button aria-pressed=${choice === this.shown} @click=${() => (this.shown = choice)}>
                ${SHOWN_RUNS[choice].label}
              </button>`
          )}
        </div>
      </div>
      ${
        runs.length === 0
          ? html`<p class="nothing">There is none among the newest ${MAX_RUNS}.</p>`
          : html`<div class="scroll" tabindex="0" role="group" aria-label="Newest runs">
              <table class="figures">
                <thead>
                  <tr>
                    <th scope="col">Started</th>
                    <th scope="col">Job</th>
                    <th scope="col">Outcome</th>
                    <th scope="col" class="number wide-only">Items</th>
                    <th scope="col" class="number wide-only">Took</th>
                    <th scope="col">Note</th>
                    <td></td>
                  </tr>
                </thead>
                <tbody>
                  ${runs.map((run) => this.#run(run))}
                </tbody>
              </table>
            </div>`
      }`
  }

  #run(run: JobRun) {
    const { taskId, job, attempt, startedAt, finishedAt, outcome, items, failures, note, error } = run
    const tookMs = finishedAt === undefined ? undefined : Date.parse(finishedAt) - Date.parse(startedAt)
    return html`<tr>
      <td title=${instantText(startedAt)}>${agoText(ageMsOf(startedAt))}</td>
      <th scope="row">${job}${attempt > 1 ? html` <span class="quiet">try ${attempt}</span>` : nothing}</th>
      <td><span class="chip" data-outcome=${outcome}>${outcome}</span></td>
      <td class="number wide-only">
        ${countText(items)}${failures ? html`<span class="under">${countText(failures)} not</span>` : nothing}
      </td>
      <td class="number wide-only">${tookMs === undefined ? '–' : lengthOf(tookMs)}</td>
      <td class="wraps">${error ?? note ?? ''}</td>
      <td class="number">
        ${
          outcome === 'failed' && may('admin:write')
            ? html`<button
                class="small"
                aria-label=${`Retry ${job} of ${instantText(startedAt)}`}
                @click=${() => this.#retry(taskId)}
              >
                Retry
              </button>`
            : nothing
        }
      </td>
    </tr>`
  }

  #dialog({ job, summary, payload }: Entry) {
    return html`<dialog aria-labelledby="job-title" @close=${() => (this.asked = undefined)}>
      <form @submit=${this.#submit}>
        <h2 id="job-title">Run ${job}</h2>
        <p class="quiet">${summary}.</p>
        ${payloadFields(payload)} ${this.refusal ? html`<p class="problem" role="alert">${this.refusal}</p>` : nothing}
        <div class="actions">
          <button type="button" @click=${this.#dismiss}>Cancel</button>
          <button class="primary">Run now</button>
        </div>
      </form>
    </dialog>`
  }

  #want(entry: Entry): void {
    this.refusal = ''
    if (takesAnything(entry.payload)) this.asked = entry
    else void this.#change(() => this.#start(entry.job, {}), `${entry.job} waits for a worker`)
  }

  readonly #submit = async (event: Event): Promise<void> => {
    event.preventDefault()
    const { job, payload } = this.asked!
    try {
      await this.#start(job, payloadOf(event.target as HTMLFormElement, payload))
      this.#dismiss()
      toast(`${job} waits for a worker`)
      await this.load()
    } catch (error) {
      this.refusal = wordsFor(error)
    }
  }

  readonly #dismiss = (): void => this.querySelector('dialog')?.close()

  #start(job: string, payload: Record<string, unknown>) {
    return api().post('/api/v1/market/jobs', { body: { job: job as never, payload } })
  }

  #retry(taskId: string): Promise<void> {
    const again = () => api().post('/api/v1/market/jobs/{taskId}/retry', { path: { taskId } })
    return this.#change(again, 'The task is done again')
  }

  #setPaused(queue: Queue, isPaused: boolean): Promise<void> {
    const path = `/api/v1/market/jobs/queues/{queue}/${isPaused ? ('pause' as const) : ('resume' as const)}` as const
    return this.#change(() => api().post(path, { path: { queue } }), `${queue} is ${isPaused ? 'paused' : 'resumed'}`)
  }

  async #change(work: () => Promise<unknown>, done: string): Promise<void> {
    try {
      await work()
      toast(done)
    } catch (error) {
      toast(wordsFor(error), 'failed')
    }
    await this.load()
  }
}

function nextText(at: string): string {
  const inMs = Date.parse(at) - serverClock.now()
  return inMs < 1000 ? 'now' : `in ${countdownText(inMs)}`
}

const lengthOf = (ms: number): string => (ms < 1000 ? `${Math.round(ms)} ms` : lengthText(ms))

customElements.define('qw-jobs', JobsPanel)
