CREATE TABLE "instrument_aliases" (
	"instrument_id" integer NOT NULL,
	"vendor" text NOT NULL,
	"alias" text NOT NULL,
	"held_from" date DEFAULT '-infinity' NOT NULL,
	"held_until" date DEFAULT 'infinity' NOT NULL,
	CONSTRAINT "instrument_aliases_vendor_alias_held_from_pk" PRIMARY KEY("vendor","alias","held_from"),
	CONSTRAINT "instrument_aliases_days" CHECK ("instrument_aliases"."held_from" < "instrument_aliases"."held_until")
);
--> statement-breakpoint
CREATE TABLE "instruments" (
	"id" integer PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "instruments_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 2147483647 START WITH 1 CACHE 1),
	"symbol" text NOT NULL,
	"name" text,
	"kind" text,
	"mic" text,
	"exchange" text,
	"country" text,
	"currency" text,
	"multiplier" numeric,
	"tick_sizes" jsonb,
	"lot" numeric,
	"isin" text,
	"underlying" text,
	"expiry" date,
	"last_trading_at" timestamp(3) with time zone,
	"strike" numeric,
	"right" text,
	"tradable" boolean,
	CONSTRAINT "instruments_symbol_unique" UNIQUE("symbol")
);
--> statement-breakpoint
ALTER TABLE "instrument_aliases" ADD CONSTRAINT "instrument_aliases_instrument_id_instruments_id_fk" FOREIGN KEY ("instrument_id") REFERENCES "public"."instruments"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "instrument_aliases_instrument" ON "instrument_aliases" USING btree ("instrument_id");--> statement-breakpoint
-- No two instruments have one name of a vendor on one day. An index of this kind takes no texts without an extension that
-- not every server has, so that their hash stands for them.
ALTER TABLE "instrument_aliases" ADD CONSTRAINT "instrument_aliases_one_holder" EXCLUDE USING gist (
	numrange(hashtextextended("vendor" || ' ' || "alias", 0), hashtextextended("vendor" || ' ' || "alias", 0), '[]') WITH &&,
	daterange("held_from", "held_until") WITH &&
);--> statement-breakpoint
-- What quotes, profiles and the newest lists of indices and movers told so far; the quote, which is the newest, comes first.
WITH "listed" AS (
	SELECT DISTINCT ON (row ->> 'symbol')
		row ->> 'symbol' AS "symbol", row ->> 'name' AS "name", row ->> 'kind' AS "kind", row ->> 'mic' AS "mic",
		row ->> 'exchange' AS "exchange", row ->> 'currency' AS "currency"
	FROM unnest(ARRAY['indices', 'movers:gainers', 'movers:losers', 'movers:actives']) AS "kinds" ("list")
	CROSS JOIN LATERAL (
		SELECT coalesce("value" -> 'movers', "value" -> 'indices') AS "rows" FROM "market_snapshots"
		WHERE "market_snapshots"."kind" = "kinds"."list" ORDER BY "at" DESC LIMIT 5
	) AS "newest"
	CROSS JOIN LATERAL jsonb_array_elements(CASE jsonb_typeof("newest"."rows") WHEN 'array' THEN "newest"."rows" ELSE '[]' END) AS row
	WHERE row ->> 'symbol' IS NOT NULL
	ORDER BY row ->> 'symbol', row ->> 'mic' NULLS LAST
), "symbols" AS (
	SELECT "symbol" FROM "quotes_latest" UNION SELECT "symbol" FROM "profiles" UNION SELECT "symbol" FROM "listed"
)
INSERT INTO "instruments" ("symbol", "name", "kind", "mic", "exchange", "country", "currency")
SELECT
	"symbols"."symbol",
	coalesce("quote"."name", "profile"."name", "listed"."name"),
	coalesce("quote"."kind", "profile"."kind", "listed"."kind"),
	coalesce("quote"."mic", "profile"."mic", "listed"."mic"),
	CASE
		WHEN "quote"."mic" IS NOT NULL THEN "quote"."exchange"
		WHEN "profile"."mic" IS NOT NULL THEN "profile"."exchange"
		ELSE coalesce("listed"."exchange", "profile"."exchange", "quote"."exchange")
	END,
	"profile"."country",
	coalesce("quote"."currency", "profile"."currency", "listed"."currency")
FROM "symbols"
LEFT JOIN "quotes_latest" AS "quote" ON "quote"."symbol" = "symbols"."symbol"
LEFT JOIN "profiles" AS "profile" ON "profile"."symbol" = "symbols"."symbol"
LEFT JOIN "listed" ON "listed"."symbol" = "symbols"."symbol"
ORDER BY "symbols"."symbol";
