CREATE TABLE "bbo" (
	"instrument_id" integer NOT NULL,
	"trade_date" date NOT NULL,
	"as_of" timestamp with time zone NOT NULL,
	"ns" smallint NOT NULL,
	"sequence" bigint NOT NULL,
	"fence" bigint NOT NULL,
	"bid" double precision,
	"bid_size" double precision,
	"bid_venue" text,
	"ask" double precision,
	"ask_size" double precision,
	"ask_venue" text,
	"conditions" text[],
	"tape" text,
	"session" text,
	"feed" text NOT NULL,
	"source" text NOT NULL,
	"received_at" timestamp(3) with time zone NOT NULL,
	CONSTRAINT "bbo_ns" CHECK ("bbo"."ns" between 0 and 999),
	CONSTRAINT "bbo_sequence" CHECK ("bbo"."sequence" >= 0)
) PARTITION BY RANGE ("trade_date");
--> statement-breakpoint
CREATE TABLE "bbo_default" PARTITION OF "bbo" DEFAULT;
--> statement-breakpoint
CREATE INDEX "bbo_instrument_as_of" ON "bbo" USING btree ("instrument_id","as_of");