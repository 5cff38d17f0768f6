CREATE TABLE "last_good" (
	"key" text PRIMARY KEY NOT NULL,
	"value" jsonb NOT NULL,
	"bytes" integer NOT NULL,
	"received_at" timestamp(3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "bar_revisions" (
	"series_id" bigint NOT NULL,
	"start" timestamp(3) with time zone NOT NULL,
	"open" numeric NOT NULL,
	"high" numeric NOT NULL,
	"low" numeric NOT NULL,
	"close" numeric NOT NULL,
	"volume" numeric,
	"state" text NOT NULL,
	"revision" integer NOT NULL,
	"reason" text,
	"received_at" timestamp(3) with time zone NOT NULL,
	"replaced_at" timestamp(3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "bar_revisions_series_id_start_revision_pk" PRIMARY KEY("series_id","start","revision")
);
--> statement-breakpoint
CREATE TABLE "gaps" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "gaps_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"source" text NOT NULL,
	"feed" text NOT NULL,
	"instrument_id" integer,
	"from_at" timestamp(3) with time zone NOT NULL,
	"until_at" timestamp(3) with time zone,
	"reason" text NOT NULL,
	"state" text DEFAULT 'open' NOT NULL,
	"state_at" timestamp(3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "gaps_order" CHECK ("gaps"."until_at" >= "gaps"."from_at"),
	CONSTRAINT "gaps_state_known" CHECK ("gaps"."state" in ('open', 'filling', 'filled', 'unfillable')),
	CONSTRAINT "gaps_growing_is_open" CHECK ("gaps"."until_at" is not null or "gaps"."state" = 'open')
);
--> statement-breakpoint
CREATE TABLE "log_cursors" (
	"consumer" text NOT NULL,
	"shard" integer NOT NULL,
	"position" text NOT NULL,
	"committed_at" timestamp(3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "log_cursors_consumer_shard_pk" PRIMARY KEY("consumer","shard")
);
--> statement-breakpoint
CREATE TABLE "ticks" (
	"instrument_id" integer NOT NULL,
	"trade_date" date NOT NULL,
	"key" text NOT NULL,
	"kind" text NOT NULL,
	"as_of" timestamp with time zone NOT NULL,
	"ns" smallint NOT NULL,
	"sequence" bigint NOT NULL,
	"fence" bigint,
	"price" double precision,
	"size" double precision,
	"venue" text,
	"conditions" text[],
	"tape" text,
	"trade_id" text,
	"session" text,
	"feed" text NOT NULL,
	"source" text NOT NULL,
	"received_at" timestamp(3) with time zone NOT NULL,
	"corrected_at" timestamp with time zone,
	"replaces" text,
	"reason" text,
	"replaced_by" text,
	CONSTRAINT "ticks_identity" UNIQUE NULLS NOT DISTINCT("instrument_id","trade_date","key","corrected_at"),
	CONSTRAINT "ticks_kind_known" CHECK ("ticks"."kind" in ('trade', 'correction', 'cancel')),
	CONSTRAINT "ticks_replaces" CHECK (("ticks"."kind" = 'trade') = ("ticks"."replaces" is null and "ticks"."corrected_at" is null)),
	CONSTRAINT "ticks_traded" CHECK ("ticks"."kind" = 'cancel' or ("ticks"."price" is not null and "ticks"."size" is not null)),
	CONSTRAINT "ticks_price_finite" CHECK ("ticks"."price" > '-infinity' and "ticks"."price" < 'infinity'),
	CONSTRAINT "ticks_size" CHECK ("ticks"."size" >= 0 and "ticks"."size" < 'infinity'),
	CONSTRAINT "ticks_ns" CHECK ("ticks"."ns" between 0 and 999),
	CONSTRAINT "ticks_sequence" CHECK ("ticks"."sequence" >= 0)
) PARTITION BY RANGE ("trade_date");
--> statement-breakpoint
CREATE TABLE "ticks_default" PARTITION OF "ticks" DEFAULT;
--> statement-breakpoint
ALTER TABLE "bar_series" DROP CONSTRAINT "bar_series_key";--> statement-breakpoint
INSERT INTO "instruments" ("symbol") SELECT DISTINCT "symbol" FROM "bar_series" ON CONFLICT DO NOTHING;--> statement-breakpoint
ALTER TABLE "bar_series" ADD COLUMN "instrument_id" integer;--> statement-breakpoint
UPDATE "bar_series" SET "instrument_id" = "instruments"."id" FROM "instruments" WHERE "instruments"."symbol" = "bar_series"."symbol";--> statement-breakpoint
ALTER TABLE "bar_series" ALTER COLUMN "instrument_id" SET NOT NULL;--> statement-breakpoint
ALTER TABLE "bar_series" ADD COLUMN "feed" text;--> statement-breakpoint
UPDATE "bar_series" SET "feed" = coalesce("provenance" ->> 'feed', 'composite');--> statement-breakpoint
ALTER TABLE "bar_series" ALTER COLUMN "feed" SET NOT NULL;--> statement-breakpoint
ALTER TABLE "bars" ADD COLUMN "state" text DEFAULT 'final' NOT NULL, ADD COLUMN "revision" integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "bars" ALTER COLUMN "state" DROP DEFAULT, ALTER COLUMN "revision" DROP DEFAULT;--> statement-breakpoint
UPDATE "bars" SET "state" = 'provisional' WHERE "complete" = false;--> statement-breakpoint
ALTER TABLE "bars" ADD COLUMN "reason" text;--> statement-breakpoint
ALTER TABLE "daily_bars" ADD COLUMN "state" text DEFAULT 'final' NOT NULL, ADD COLUMN "revision" integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "daily_bars" ALTER COLUMN "state" DROP DEFAULT, ALTER COLUMN "revision" DROP DEFAULT;--> statement-breakpoint
UPDATE "daily_bars" SET "state" = 'provisional' WHERE "complete" = false;--> statement-breakpoint
ALTER TABLE "daily_bars" ADD COLUMN "reason" text;--> statement-breakpoint
ALTER TABLE "bar_revisions" ADD CONSTRAINT "bar_revisions_series_id_bar_series_id_fk" FOREIGN KEY ("series_id") REFERENCES "public"."bar_series"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "last_good_received_at" ON "last_good" USING btree ("received_at");--> statement-breakpoint
CREATE INDEX "bar_revisions_replaced_at" ON "bar_revisions" USING btree ("replaced_at");--> statement-breakpoint
CREATE UNIQUE INDEX "gaps_growing" ON "gaps" USING btree ("source","feed",coalesce("instrument_id", 0),"reason") WHERE "gaps"."until_at" is null;--> statement-breakpoint
CREATE INDEX "gaps_state" ON "gaps" USING btree ("state","from_at");--> statement-breakpoint
CREATE INDEX "gaps_instrument" ON "gaps" USING btree ("instrument_id","from_at");--> statement-breakpoint
CREATE INDEX "ticks_instrument_as_of" ON "ticks" USING btree ("instrument_id","as_of");--> statement-breakpoint
CREATE INDEX "ticks_as_of" ON "ticks" USING brin ("as_of");--> statement-breakpoint
CREATE INDEX "ticks_replaces" ON "ticks" USING btree ("instrument_id","replaces") WHERE "ticks"."replaces" is not null;--> statement-breakpoint
ALTER TABLE "bar_series" ADD CONSTRAINT "bar_series_instrument_id_instruments_id_fk" FOREIGN KEY ("instrument_id") REFERENCES "public"."instruments"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "bar_series" DROP COLUMN "symbol";--> statement-breakpoint
ALTER TABLE "bars" DROP COLUMN "complete";--> statement-breakpoint
ALTER TABLE "daily_bars" DROP COLUMN "complete";--> statement-breakpoint
ALTER TABLE "bar_series" ADD CONSTRAINT "bar_series_key" UNIQUE("instrument_id","interval","adjusted","source","feed");--> statement-breakpoint
-- What a final bar said is kept before it says something else, whoever writes it, and what replaces it is a correction.
CREATE FUNCTION "keep_bar_revision"() RETURNS trigger LANGUAGE plpgsql SET timezone TO 'UTC' AS $$
BEGIN
  IF (OLD.open, OLD.high, OLD.low, OLD.close, OLD.volume) IS NOT DISTINCT FROM (NEW.open, NEW.high, NEW.low, NEW.close, NEW.volume) THEN
    IF NEW.revision <= OLD.revision THEN
      NEW.state := OLD.state;
      NEW.revision := OLD.revision;
      NEW.reason := OLD.reason;
    END IF;
    RETURN NEW;
  END IF;
  INSERT INTO bar_revisions (series_id, start, open, high, low, close, volume, state, revision, reason, received_at)
    VALUES (OLD.series_id, OLD.start, OLD.open, OLD.high, OLD.low, OLD.close, OLD.volume, OLD.state, OLD.revision, OLD.reason, OLD.received_at)
    ON CONFLICT DO NOTHING;
  NEW.state := 'corrected';
  NEW.revision := greatest(NEW.revision, OLD.revision + 1);
  NEW.reason := coalesce(NEW.reason, 'its source told it otherwise later');
  RETURN NEW;
END
$$;--> statement-breakpoint
CREATE TRIGGER "bars_revision" BEFORE UPDATE ON "bars" FOR EACH ROW WHEN (OLD.state <> 'provisional') EXECUTE FUNCTION "keep_bar_revision"();--> statement-breakpoint
CREATE TRIGGER "daily_bars_revision" BEFORE UPDATE ON "daily_bars" FOR EACH ROW WHEN (OLD.state <> 'provisional') EXECUTE FUNCTION "keep_bar_revision"();--> statement-breakpoint
-- Of option chains and fundamentals only the newest was ever read.
INSERT INTO "last_good" ("key", "value", "bytes", "received_at")
SELECT DISTINCT ON ("kind") "kind", "value", octet_length("value"::text), coalesce("value" #>> '{provenance,receivedAt}', "at"::text)::timestamptz
FROM "market_snapshots" WHERE "kind" ~ '^(options|fundamentals):' ORDER BY "kind", "at" DESC, "source";--> statement-breakpoint
DELETE FROM "market_snapshots" WHERE "kind" ~ '^(options|fundamentals):';--> statement-breakpoint
-- Makes the partition of the month or day (`unit`) that holds `day`, by UTC, and moves into it the rows that came before it
-- existed. The parent is partitioned by range over one column, a date or an instant, and has a default partition
-- <parent>_default. Tables are locked in the order of their writers, and before anybody looks where rows are.
CREATE FUNCTION "ensure_partition"("parent" regclass, "unit" text, "day" date) RETURNS void LANGUAGE plpgsql SET timezone TO 'UTC' AS $$
DECLARE
  first date := date_trunc(unit, day::timestamp)::date;
  next date := first + ('1 ' || unit)::interval;
  name text := parent::text || '_' || to_char(first, CASE unit WHEN 'day' THEN 'YYYY_MM_DD' ELSE 'YYYY_MM' END);
  spare text := parent::text || '_default';
  key text;
  referred regclass;
BEGIN
  IF to_regclass(name) IS NOT NULL THEN RETURN; END IF;

  FOR referred IN
    SELECT DISTINCT confrelid::regclass FROM pg_constraint WHERE conrelid = parent AND contype = 'f' ORDER BY 1
  LOOP
    EXECUTE format('LOCK TABLE %s IN SHARE ROW EXCLUSIVE MODE', referred);
  END LOOP;
  EXECUTE format('LOCK TABLE ONLY %s IN ACCESS EXCLUSIVE MODE', parent);
  EXECUTE format('LOCK TABLE %I IN ACCESS EXCLUSIVE MODE', spare);
  IF to_regclass(name) IS NOT NULL THEN RETURN; END IF;

  SELECT attribute.attname INTO key
    FROM pg_partitioned_table AS partitioned
    JOIN pg_attribute AS attribute
      ON attribute.attrelid = partitioned.partrelid AND attribute.attnum = partitioned.partattrs[0]
    WHERE partitioned.partrelid = parent;
  EXECUTE format('CREATE TABLE %I (LIKE %s INCLUDING DEFAULTS INCLUDING CONSTRAINTS)', name, parent);
  EXECUTE format(
    'WITH moved AS (DELETE FROM %I WHERE %I >= %L AND %I < %L RETURNING *) INSERT INTO %I SELECT * FROM moved',
    spare, key, first, key, next, name
  );
  EXECUTE format('ALTER TABLE %s ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', parent, name, first, next);
END
$$;--> statement-breakpoint
DROP FUNCTION "ensure_month_partition"(regclass, date);
