ALTER TABLE "bars" ADD COLUMN "complete" boolean;--> statement-breakpoint
ALTER TABLE "daily_bars" ADD COLUMN "complete" boolean;--> statement-breakpoint
-- A bar that was written before its interval had ended, in UTC and at the latest, was not complete.
UPDATE "daily_bars" SET "complete" = false FROM "bar_series" WHERE "bar_series"."id" = "daily_bars"."series_id"
	AND "daily_bars"."received_at" < ("daily_bars"."start" + CASE "bar_series"."interval" WHEN '1wk' THEN interval '7 days' WHEN '1mo' THEN interval '1 month' ELSE interval '1 day' END) AT TIME ZONE 'UTC';--> statement-breakpoint
UPDATE "bars" SET "complete" = false FROM "bar_series" WHERE "bar_series"."id" = "bars"."series_id"
	AND "bars"."received_at" < "bars"."start" + CASE "bar_series"."interval" WHEN '1m' THEN interval '1 minute' WHEN '5m' THEN interval '5 minutes' WHEN '15m' THEN interval '15 minutes' WHEN '30m' THEN interval '30 minutes' ELSE interval '1 hour' END;--> statement-breakpoint
-- Each listing has one symbol. The function is gone with the connection.
CREATE FUNCTION pg_temp.canonical_symbol(symbol text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
	SELECT CASE
		WHEN symbol ~ '^[A-Z0-9&_-]+\.NS$' THEN 'NSE:' || left(symbol, -3)
		WHEN symbol ~ '^[A-Z0-9&_-]+\.BO$' THEN 'BSE:' || left(symbol, -3)
		WHEN symbol ~ '^[A-Z]{3}=X$' THEN 'USD' || symbol
		WHEN symbol ~ '^(USD|EUR|GBP|JPY|CHF|AUD|CAD|NZD|CNY|HKD|SGD|SEK|NOK|DKK|PLN|TRY|ZAR|MXN|BRL|INR|KRW){2}$' THEN symbol || '=X'
		WHEN symbol ~ '^[A-Z0-9]{2,10}(USDT|USDC)$' AND length(symbol) >= 6 THEN regexp_replace(symbol, '(USDT|USDC)$', '-\1')
		WHEN symbol ~ '^[A-Z0-9]{3,10}USD$' THEN regexp_replace(symbol, 'USD$', '-USD')
		WHEN symbol ~ '^[A-Z]{1,5}-(PR-?|P-?)[A-Z]$' THEN regexp_replace(symbol, '-PR?-?([A-Z])$', '.PR\1')
		WHEN symbol ~ '^[A-Z]{1,5}(-W[ST]-?|\.W[ST]\.)[A-Z]?$' THEN regexp_replace(symbol, '[.-]W[ST][.-]?([A-Z]?)$', '.WS\1')
		WHEN symbol ~ '^[A-Z]{1,5}\+$' THEN rtrim(symbol, '+') || '.WS'
		WHEN symbol ~ '^[A-Z]{1,5}-U[NT]$' THEN regexp_replace(symbol, '-U[NT]$', '.U')
		WHEN symbol ~ '^[A-Z]{1,5}-R[TI]$' THEN regexp_replace(symbol, '-R[TI]$', '.RT')
		WHEN symbol ~ '^[A-Z]{1,5}-WI$' THEN regexp_replace(symbol, '-WI$', '.WI')
		ELSE symbol
	END
$$;--> statement-breakpoint
-- Of two rows of one listing the newest stays.
DELETE FROM "quotes_latest" USING (
	SELECT "symbol", row_number() OVER (PARTITION BY pg_temp.canonical_symbol("symbol") ORDER BY "as_of" DESC, "received_at" DESC, "symbol") AS "place" FROM "quotes_latest"
) "ranked" WHERE "ranked"."symbol" = "quotes_latest"."symbol" AND "ranked"."place" > 1;--> statement-breakpoint
UPDATE "quotes_latest" SET "symbol" = pg_temp.canonical_symbol("symbol") WHERE "symbol" <> pg_temp.canonical_symbol("symbol");--> statement-breakpoint
DELETE FROM "profiles" USING (
	SELECT "symbol", row_number() OVER (PARTITION BY pg_temp.canonical_symbol("symbol") ORDER BY "received_at" DESC, "symbol") AS "place" FROM "profiles"
) "ranked" WHERE "ranked"."symbol" = "profiles"."symbol" AND "ranked"."place" > 1;--> statement-breakpoint
UPDATE "profiles" SET "symbol" = pg_temp.canonical_symbol("symbol") WHERE "symbol" <> pg_temp.canonical_symbol("symbol");--> statement-breakpoint
-- Series are never spliced: of two the one received last stays, with its bars.
DELETE FROM "bar_series" USING (
	SELECT "id", row_number() OVER (PARTITION BY pg_temp.canonical_symbol("symbol"), "interval", "adjusted", "source" ORDER BY "received_at" DESC, "id") AS "place" FROM "bar_series"
) "ranked" WHERE "ranked"."id" = "bar_series"."id" AND "ranked"."place" > 1;--> statement-breakpoint
UPDATE "bar_series" SET "symbol" = pg_temp.canonical_symbol("symbol") WHERE "symbol" <> pg_temp.canonical_symbol("symbol");--> statement-breakpoint
-- Splits and dividends are whole lists: those of the list that stays.
CREATE TEMPORARY TABLE "older_lists" AS SELECT "symbol", "kind" FROM (
	SELECT "symbol", "kind", row_number() OVER (PARTITION BY pg_temp.canonical_symbol("symbol"), "kind" ORDER BY "received_at" DESC, "symbol") AS "place" FROM "corporate_action_lists"
) "ranked" WHERE "place" > 1;--> statement-breakpoint
DELETE FROM "splits" USING "older_lists" WHERE "older_lists"."symbol" = "splits"."symbol" AND "older_lists"."kind" = 'splits';--> statement-breakpoint
DELETE FROM "dividends" USING "older_lists" WHERE "older_lists"."symbol" = "dividends"."symbol" AND "older_lists"."kind" = 'dividends';--> statement-breakpoint
DELETE FROM "corporate_action_lists" USING "older_lists" WHERE "older_lists"."symbol" = "corporate_action_lists"."symbol" AND "older_lists"."kind" = "corporate_action_lists"."kind";--> statement-breakpoint
DROP TABLE "older_lists";--> statement-breakpoint
UPDATE "splits" SET "symbol" = pg_temp.canonical_symbol("symbol") WHERE "symbol" <> pg_temp.canonical_symbol("symbol");--> statement-breakpoint
UPDATE "dividends" SET "symbol" = pg_temp.canonical_symbol("symbol") WHERE "symbol" <> pg_temp.canonical_symbol("symbol");--> statement-breakpoint
UPDATE "corporate_action_lists" SET "symbol" = pg_temp.canonical_symbol("symbol") WHERE "symbol" <> pg_temp.canonical_symbol("symbol");--> statement-breakpoint
-- A price of one instant, source and session is one price.
CREATE TEMPORARY TABLE "renamed" AS SELECT DISTINCT "symbol" AS "old", pg_temp.canonical_symbol("symbol") AS "new" FROM "stock_price_history" WHERE "symbol" <> pg_temp.canonical_symbol("symbol");--> statement-breakpoint
DELETE FROM "stock_price_history" "doubled" USING "renamed", "stock_price_history" "held"
	WHERE "doubled"."symbol" = "renamed"."old"
	AND ("held"."symbol" = "renamed"."new" OR "held"."symbol" IN (SELECT "other"."old" FROM "renamed" "other" WHERE "other"."new" = "renamed"."new" AND "other"."old" < "renamed"."old"))
	AND "held"."as_of" = "doubled"."as_of" AND "held"."source" = "doubled"."source" AND "held"."session" = "doubled"."session";--> statement-breakpoint
UPDATE "stock_price_history" SET "symbol" = "renamed"."new" FROM "renamed" WHERE "stock_price_history"."symbol" = "renamed"."old";--> statement-breakpoint
DROP TABLE "renamed";--> statement-breakpoint
UPDATE "quarantine" SET "symbol" = pg_temp.canonical_symbol("symbol") WHERE "symbol" <> pg_temp.canonical_symbol("symbol");--> statement-breakpoint
UPDATE "news" SET
	"symbols" = ARRAY(SELECT DISTINCT pg_temp.canonical_symbol("each") FROM unnest("symbols") AS "each"),
	"filed_under" = ARRAY(SELECT DISTINCT pg_temp.canonical_symbol("each") FROM unnest("filed_under") AS "each")
	WHERE EXISTS (SELECT FROM unnest("symbols" || "filed_under") AS "each" WHERE "each" <> pg_temp.canonical_symbol("each"));--> statement-breakpoint
-- Exchanges and sectors by the names of one list; what is not in these stays as the vendor named it.
CREATE TEMPORARY TABLE "exchange_names" AS SELECT * FROM (VALUES
	('NasdaqGS', 'XNAS', 'NASDAQ'), ('NasdaqGM', 'XNAS', 'NASDAQ'), ('NasdaqCM', 'XNAS', 'NASDAQ'), ('Nasdaq', 'XNAS', 'NASDAQ'), ('NASDAQ', 'XNAS', 'NASDAQ'),
	('NYSE', 'XNYS', 'NYSE'), ('NYSE American', 'XASE', 'NYSE American'), ('NYSEArca', 'ARCX', 'NYSE Arca'), ('NYSE ARCA', 'ARCX', 'NYSE Arca'), ('BATS', 'BATS', 'Cboe BZX'), ('Cboe US', 'BATS', 'Cboe BZX'),
	('LSE', 'XLON', 'London Stock Exchange'), ('London', 'XLON', 'London Stock Exchange'), ('XETRA', 'XETR', 'Xetra'), ('Toronto', 'XTSE', 'TSX'), ('TSX', 'XTSE', 'TSX'),
	('NSE', 'XNSE', 'NSE'), ('BSE', 'XBOM', 'BSE'), ('Paris', 'XPAR', 'Euronext Paris'), ('Amsterdam', 'XAMS', 'Euronext Amsterdam'),
	('CCC', NULL, 'Crypto'), ('CRYPTO', NULL, 'Crypto'), ('CCY', NULL, 'Forex'), ('FOREX', NULL, 'Forex')
) AS "names" ("told", "mic", "exchange");--> statement-breakpoint
UPDATE "quotes_latest" SET "mic" = "exchange_names"."mic", "exchange" = "exchange_names"."exchange" FROM "exchange_names" WHERE "quotes_latest"."exchange" = "exchange_names"."told" AND "quotes_latest"."mic" IS NULL;--> statement-breakpoint
UPDATE "profiles" SET "mic" = "exchange_names"."mic", "exchange" = "exchange_names"."exchange" FROM "exchange_names" WHERE "profiles"."exchange" = "exchange_names"."told" AND "profiles"."mic" IS NULL;--> statement-breakpoint
DROP TABLE "exchange_names";--> statement-breakpoint
UPDATE "profiles" SET "sector" = CASE lower("sector")
	WHEN 'basic materials' THEN 'Materials' WHEN 'consumer cyclical' THEN 'Consumer Discretionary' WHEN 'consumer defensive' THEN 'Consumer Staples'
	WHEN 'financial services' THEN 'Financials' WHEN 'healthcare' THEN 'Health Care' WHEN 'technology' THEN 'Information Technology'
	WHEN 'communication services' THEN 'Communication Services' WHEN 'energy' THEN 'Energy' WHEN 'industrials' THEN 'Industrials' WHEN 'real estate' THEN 'Real Estate' WHEN 'utilities' THEN 'Utilities'
	END WHERE "sector" NOT IN ('Communication Services', 'Consumer Discretionary', 'Consumer Staples', 'Energy', 'Financials', 'Health Care', 'Industrials', 'Information Technology', 'Materials', 'Real Estate', 'Utilities');
