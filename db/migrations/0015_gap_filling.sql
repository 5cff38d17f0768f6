CREATE TABLE "bar_audits" (
	"instrument_id" integer NOT NULL,
	"trade_date" date NOT NULL,
	"interval" text NOT NULL,
	"source" text NOT NULL,
	"feed" text NOT NULL,
	"official" text NOT NULL,
	"compared" integer NOT NULL,
	"differences" integer NOT NULL,
	"audited_at" timestamp(3) with time zone NOT NULL,
	CONSTRAINT "bar_audits_key" PRIMARY KEY("instrument_id","trade_date","interval","source","feed","official")
);
--> statement-breakpoint
CREATE TABLE "bar_differences" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "bar_differences_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"instrument_id" integer NOT NULL,
	"trade_date" date NOT NULL,
	"interval" text NOT NULL,
	"source" text NOT NULL,
	"feed" text NOT NULL,
	"official" text NOT NULL,
	"start" timestamp(3) with time zone NOT NULL,
	"cause" text NOT NULL,
	"open" double precision,
	"high" double precision,
	"low" double precision,
	"close" double precision,
	"volume" double precision,
	"official_open" double precision,
	"official_high" double precision,
	"official_low" double precision,
	"official_close" double precision,
	"official_volume" double precision,
	CONSTRAINT "bar_differences_cause_known" CHECK ("bar_differences"."cause" in ('one_venue', 'gap', 'fractional', 'odd_lot', 'late', 'condition', 'auction', 'wrong'))
);
--> statement-breakpoint
CREATE TABLE "bar_outbox" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "bar_outbox_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"shard" integer NOT NULL,
	"updates" text NOT NULL
);
--> statement-breakpoint
CREATE TABLE "gap_fills" (
	"gap_id" bigint NOT NULL,
	"instrument_id" integer NOT NULL,
	"via" text,
	"trades" integer,
	"reason" text,
	"done_at" timestamp(3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "gap_fills_gap_id_instrument_id_pk" PRIMARY KEY("gap_id","instrument_id")
);
--> statement-breakpoint
CREATE TABLE "halts" (
	"instrument_id" integer NOT NULL,
	"trade_date" date NOT NULL,
	"as_of" timestamp with time zone NOT NULL,
	"ns" smallint NOT NULL,
	"sequence" bigint NOT NULL,
	"status" text NOT NULL,
	"reason" text,
	"reason_code" text,
	"limit_up" double precision,
	"limit_down" double precision,
	"tape" text,
	"feed" text NOT NULL,
	"source" text NOT NULL,
	"received_at" timestamp(3) with time zone NOT NULL,
	CONSTRAINT "halts_instrument_id_as_of_ns_source_feed_status_pk" PRIMARY KEY("instrument_id","as_of","ns","source","feed","status"),
	CONSTRAINT "halts_status_known" CHECK ("halts"."status" in ('trading', 'quoting', 'paused', 'halted'))
);
--> statement-breakpoint
ALTER TABLE "gaps" ADD COLUMN "tries" integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "gaps" ADD COLUMN "next_try_at" timestamp(3) with time zone;--> statement-breakpoint
ALTER TABLE "gaps" ADD COLUMN "detail" text;--> statement-breakpoint
ALTER TABLE "gap_fills" ADD CONSTRAINT "gap_fills_gap_id_gaps_id_fk" FOREIGN KEY ("gap_id") REFERENCES "public"."gaps"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "bar_audits_trade_date" ON "bar_audits" USING btree ("trade_date");--> statement-breakpoint
CREATE INDEX "bar_differences_audit" ON "bar_differences" USING btree ("instrument_id","trade_date");--> statement-breakpoint
CREATE INDEX "bar_outbox_shard" ON "bar_outbox" USING btree ("shard","id");--> statement-breakpoint
CREATE INDEX "halts_as_of" ON "halts" USING btree ("as_of");