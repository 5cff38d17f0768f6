CREATE TABLE "exchange_calendars" (
	"exchange" text PRIMARY KEY NOT NULL,
	"name" text NOT NULL,
	"time_zone" text NOT NULL,
	"weekdays" integer[] NOT NULL,
	"hours" jsonb NOT NULL,
	"weekday_hours" jsonb,
	"known_until" date,
	"updated_at" timestamp(3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "exchange_calendars_weekdays" CHECK ("exchange_calendars"."weekdays" <@ array[0, 1, 2, 3, 4, 5, 6])
);
--> statement-breakpoint
CREATE TABLE "exchange_days" (
	"exchange" text NOT NULL,
	"date" date NOT NULL,
	"name" text NOT NULL,
	"hours" jsonb,
	CONSTRAINT "exchange_days_exchange_date_pk" PRIMARY KEY("exchange","date")
);
--> statement-breakpoint
CREATE TABLE "market_snapshots" (
	"kind" text NOT NULL,
	"at" timestamp(3) with time zone NOT NULL,
	"source" text NOT NULL,
	"value" jsonb NOT NULL,
	CONSTRAINT "market_snapshots_kind_at_source_pk" PRIMARY KEY("kind","at","source")
);
--> statement-breakpoint
CREATE TABLE "sentiment" (
	"at" timestamp(3) with time zone PRIMARY KEY NOT NULL,
	"score" numeric NOT NULL,
	"label" text NOT NULL,
	"value" jsonb NOT NULL
);
--> statement-breakpoint
CREATE TABLE "stock_price_history" (
	"symbol" text NOT NULL,
	"as_of" timestamp(3) with time zone NOT NULL,
	"source" text NOT NULL,
	"session" text NOT NULL,
	"price" numeric NOT NULL,
	"volume" numeric,
	"bid" numeric,
	"ask" numeric,
	"currency" text,
	"market_state" text,
	"received_at" timestamp(3) with time zone NOT NULL,
	CONSTRAINT "stock_price_history_symbol_as_of_source_session_pk" PRIMARY KEY("symbol","as_of","source","session"),
	CONSTRAINT "stock_price_history_price" CHECK ("stock_price_history"."price" > 0 and "stock_price_history"."price" < 'infinity'),
	CONSTRAINT "stock_price_history_session" CHECK ("stock_price_history"."session" in ('pre', 'regular', 'post'))
) PARTITION BY RANGE ("as_of");
--> statement-breakpoint
CREATE TABLE "stock_price_history_default" PARTITION OF "stock_price_history" DEFAULT;
--> statement-breakpoint
CREATE TABLE "job_runs" (
	"task_id" text NOT NULL,
	"started_at" timestamp(3) with time zone NOT NULL,
	"job" text NOT NULL,
	"queue" text NOT NULL,
	"worker" text NOT NULL,
	"attempt" integer NOT NULL,
	"payload" jsonb NOT NULL,
	"due_at" timestamp(3) with time zone NOT NULL,
	"finished_at" timestamp(3) with time zone,
	"outcome" text NOT NULL,
	"items" integer,
	"failures" integer,
	"note" text,
	"error" text,
	CONSTRAINT "job_runs_task_id_started_at_pk" PRIMARY KEY("task_id","started_at"),
	CONSTRAINT "job_runs_outcome_known" CHECK ("job_runs"."outcome" in ('running', 'done', 'skipped', 'failed', 'throttled', 'interrupted', 'lost')),
	CONSTRAINT "job_runs_finished" CHECK (("job_runs"."outcome" = 'running') = ("job_runs"."finished_at" is null))
);
--> statement-breakpoint
ALTER TABLE "exchange_days" ADD CONSTRAINT "exchange_days_exchange_exchange_calendars_exchange_fk" FOREIGN KEY ("exchange") REFERENCES "public"."exchange_calendars"("exchange") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "market_snapshots_at" ON "market_snapshots" USING btree ("at");--> statement-breakpoint
CREATE INDEX "job_runs_job" ON "job_runs" USING btree ("job","started_at");--> statement-breakpoint
CREATE INDEX "job_runs_started_at" ON "job_runs" USING btree ("started_at");