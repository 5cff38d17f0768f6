CREATE TABLE "bar_states" (
	"instrument_id" integer NOT NULL,
	"source" text NOT NULL,
	"feed" text NOT NULL,
	"is_open" boolean NOT NULL,
	"state" "bytea" NOT NULL,
	CONSTRAINT "bar_states_instrument_id_source_feed_pk" PRIMARY KEY("instrument_id","source","feed")
);
--> statement-breakpoint
CREATE TABLE "log_leases" (
	"consumer" text NOT NULL,
	"shard" integer NOT NULL,
	"owner" text NOT NULL,
	"fence" bigint NOT NULL,
	"held_until" timestamp(3) with time zone NOT NULL,
	CONSTRAINT "log_leases_consumer_shard_pk" PRIMARY KEY("consumer","shard")
);
--> statement-breakpoint
CREATE TABLE "log_members" (
	"consumer" text NOT NULL,
	"owner" text NOT NULL,
	"alive_until" timestamp(3) with time zone NOT NULL,
	CONSTRAINT "log_members_consumer_owner_pk" PRIMARY KEY("consumer","owner")
);
--> statement-breakpoint
CREATE INDEX "bar_states_open" ON "bar_states" USING btree ("instrument_id") WHERE "bar_states"."is_open";