import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { JOB_NAMES, JOBS, QUEUE_NAMES, type JobName } from '../jobs/catalog.ts'
import { JobRun } from '../jobs/job-run.ts'
import { JobsStatus, TaskStatus } from '../jobs/status.ts'
import { isoOf } from '../market/time.ts'
import { neverKept } from './answer.ts'
import { DayOrInstant, instantOf } from './instant.ts'

const TaskParams = Type.Object({
  taskId: Type.String({ minLength: 1, maxLength: 200, description: 'As the answer to running a job names it' })
})
const QueueParams = Type.Object({ queue: Type.Enum(QUEUE_NAMES, { description: 'Whose jobs wait' }) })
const NewTask = Type.Object(
  {
    job: Type.Enum(JOB_NAMES, { description: 'What to do' }),
    payload: Type.Optional(
      Type.Record(Type.String(), Type.Unknown(), {
        maxProperties: 64,
        description: `What the job takes: ${payloadsInWords()}`
      })
    )
  },
  { additionalProperties: false, allOf: JOB_NAMES.map(payloadFor) }
)
const QueuedTask = Type.Object({ taskId: Type.String() })
const QueueState = Type.Object({ queue: Type.String(), isPaused: Type.Boolean() })
const RunQuery = Type.Object(
  {
    job: Type.Optional(Type.Enum(JOB_NAMES, { description: 'Runs of this job only' })),
    limit: Type.Integer({ minimum: 1, maximum: 500, default: 50, description: 'How many runs at most' }),
    before: Type.Optional(DayOrInstant('`startedAt` of the last run of the page before'))
  },
  { additionalProperties: false }
)

/**
 * The background half, for operators. What changes something is written to the audit log first: it is not done where that
 * cannot be said.
 */
export const jobRoutes: FastifyPluginAsyncTypebox = async (app) => {
  const { jobs } = app
  const { audit } = app.stores
  const read = { config: { access: 'admin:read' }, preHandler: neverKept } as const
  const write = { config: { access: 'admin:write' }, preHandler: neverKept } as const
  const tags = ['admin']
  const error = Type.Ref('ErrorBody#')

  app.get(
    '/status',
    {
      ...read,
      schema: {
        operationId: 'getJobsStatus',
        summary: 'Queues, schedules with their last and next run, and what each job came to in 24 hours',
        tags,
        response: { 200: JobsStatus, 503: error }
      }
    },
    async () => jobs.status()
  )

  app.get(
    '/runs',
    {
      ...read,
      schema: {
        operationId: 'listJobRuns',
        summary: 'Every try of every job, newest first',
        tags,
        querystring: RunQuery,
        response: { 200: Type.Object({ runs: Type.Array(JobRun) }) }
      }
    },
    async ({ query: { job, limit, before } }) => {
      const since = before === undefined ? undefined : isoOf(instantOf(before))
      return { runs: await jobs.runs({ of: job, limit, before: since }) }
    }
  )

  app.get(
    '/:taskId',
    {
      ...read,
      schema: {
        operationId: 'getTask',
        summary: 'State, progress, attempts, error and timing of one task',
        tags,
        params: TaskParams,
        response: { 200: TaskStatus, 404: error, 503: error }
      }
    },
    async (request) => jobs.task(request.params.taskId)
  )

  app.post(
    '',
    {
      ...write,
      schema: {
        operationId: 'runJob',
        summary: 'Puts a job into its queue now',
        tags,
        body: NewTask,
        response: { 202: QueuedTask, 503: error }
      }
    },
    async (request, reply) => {
      const { job, payload = {} } = request.body
      await audit.append({ actor: request.principal!.name, action: 'job.run', target: job, details: { payload } })
      const taskId = await jobs.run(job, payload)
      return reply.code(202).send({ taskId })
    }
  )

  app.post(
    '/:taskId/retry',
    {
      ...write,
      schema: {
        operationId: 'retryTask',
        summary: 'Does a failed task again',
        tags,
        params: TaskParams,
        response: { 202: QueuedTask, 404: error, 409: error, 503: error }
      }
    },
    async (request, reply) => {
      const { taskId } = request.params
      const actor = request.principal!.name
      await jobs.retry(taskId, () => audit.append({ actor, action: 'job.retry', target: taskId }))
      return reply.code(202).send({ taskId })
    }
  )

  for (const action of ['pause', 'resume'] as const) {
    app.post(
      `/queues/:queue/${action}`,
      {
        ...write,
        schema: {
          operationId: `${action}Queue`,
          description: 'Of a paused queue no worker takes jobs; schedules go on, and wait.',
          tags,
          params: QueueParams,
          response: { 200: QueueState, 503: error }
        }
      },
      async (request) => {
        const { queue } = request.params
        await audit.append({ actor: request.principal!.name, action: `queue.${action}`, target: queue })
        await jobs[action](queue)
        return { queue, isPaused: action === 'pause' }
      }
    )
  }
}

/** The payload that a job takes, as a condition on the whole body. */
function payloadFor(job: JobName): object {
  const { payload } = JOBS[job]
  const isNeeded = (payload.required ?? []).length > 0
  return {
    if: { properties: { job: { const: job } }, required: ['job'] },
    // oxlint-disable-next-line unicorn/no-thenable -- as JSON Schema calls it
    then: { properties: { payload }, ...(isNeeded && { required: ['payload'] }) }
  }
}

/** Which fields each job needs and takes; a question mark stands after those that may be missing. */
function payloadsInWords(): string {
  const ofJobs = JOB_NAMES.flatMap((name) => {
    const { properties, required = [] }: { properties: object; required?: string[] } = JOBS[name].payload
    const fields = Object.keys(properties).map((field) => (required.includes(field) ? field : `${field}?`))
    return fields.length > 0 ? [`${name} ${fields.join(', ')}`] : []
  })
  return `${ofJobs.join('; ')}; the others nothing`
}
