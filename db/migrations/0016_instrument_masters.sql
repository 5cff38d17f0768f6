CREATE TABLE "instrument_changes" (
	"instrument_id" integer NOT NULL,
	"changed_at" timestamp(3) with time zone NOT NULL,
	"source" text NOT NULL,
	"former" jsonb NOT NULL,
	CONSTRAINT "instrument_changes_instrument_id_changed_at_pk" PRIMARY KEY("instrument_id","changed_at")
);
--> statement-breakpoint
ALTER TABLE "instruments" ADD COLUMN "segment" text;--> statement-breakpoint
ALTER TABLE "instruments" ADD COLUMN "trading_symbol" text;--> statement-breakpoint
ALTER TABLE "instruments" ADD COLUMN "exchange_token" text;--> statement-breakpoint
ALTER TABLE "instruments" ADD COLUMN "delisted_on" date;--> statement-breakpoint
ALTER TABLE "instrument_changes" ADD CONSTRAINT "instrument_changes_instrument_id_instruments_id_fk" FOREIGN KEY ("instrument_id") REFERENCES "public"."instruments"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "instruments_underlying" ON "instruments" USING btree ("underlying","expiry","strike");--> statement-breakpoint
-- What people search for: the beginnings of the words of an instrument's names. What joins words in symbols is a space here.
CREATE INDEX "instruments_words" ON "instruments" USING gin (to_tsvector('simple', translate(
	"symbol" || ' ' || coalesce("trading_symbol", '') || ' ' || coalesce("name", '') || ' ' || coalesce("isin", ''),
	':^_&/|-', '       ')));--> statement-breakpoint
-- The same rule as boxes, from the first day to the last one, at the hash of the name: master files bring a hundred thousand
-- names, and ranges take four times as long.
ALTER TABLE "instrument_aliases" DROP CONSTRAINT "instrument_aliases_one_holder";--> statement-breakpoint
ALTER TABLE "instrument_aliases" ADD CONSTRAINT "instrument_aliases_one_holder" EXCLUDE USING gist (
	box(
		point((hashtextextended("vendor" || ' ' || "alias", 0) / 2048)::float8, greatest("held_from", '0001-01-01'::date) - '2000-01-01'::date),
		point((hashtextextended("vendor" || ' ' || "alias", 0) / 2048)::float8, least("held_until", '9999-12-31'::date) - '2000-01-01'::date - 0.5)
	) WITH &&
);
