# One image for every process: the command says which. Node runs the TypeScript as it is, so nothing is compiled.

FROM node:24-bookworm-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# Optional dependencies are Postgres and Node for machines that have none.
RUN npm ci --omit=dev --omit=optional --ignore-scripts

FROM node:24-bookworm-slim
ENV NODE_ENV=production \
    HOST=0.0.0.0 \
    PORT=3000 \
    HEALTH_URL=http://127.0.0.1:3000/api/health/live
WORKDIR /app
COPY --from=dependencies /app/node_modules node_modules
COPY package.json LICENSE ./
COPY db db
COPY docs docs
COPY src src
COPY workers workers

USER node
EXPOSE 3000
STOPSIGNAL SIGTERM
# Whether the process answers: restarting it would not bring back a database that is away.
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
  CMD ["node", "-e", "fetch(process.env.HEALTH_URL).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]

# api: src/server.ts · jobs: workers/run-jobs.ts · ingest: workers/run-ingest.ts · trades to Postgres: workers/run-persist.ts · migrations: src/commands/migrate.ts · simulated vendors: src/sandbox/run-sandbox.ts
# a key: src/commands/key.ts --user NAME --scope market:read
# The options are those of bin/run.mjs.
ENTRYPOINT ["node", "--max-semi-space-size=16", "--external-memory-accounted-in-global-limit", "--disable-warning=ExperimentalWarning"]
CMD ["src/server.ts"]
