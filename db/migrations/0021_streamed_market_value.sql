-- A quote that is made of ticks carries a market value that another provider told: the one that its parts name. Of a part that
-- does not say so nobody knows whose it is.
CREATE OR REPLACE VIEW "stocks" AS
SELECT "instruments"."id", "instruments"."symbol", coalesce("instruments"."name", "quotes_latest"."name", "profiles"."name") AS "name",
	"instruments"."kind",
	(
		SELECT "names"."alias"::bigint FROM "instrument_aliases" AS "names"
		WHERE "names"."instrument_id" = "instruments"."id" AND "names"."vendor" = 'ibkr' AND "names"."alias" ~ '^[0-9]{1,15}$'
			AND "names"."held_from" <= current_date AND current_date < "names"."held_until"
		ORDER BY "names"."held_from" DESC LIMIT 1
	) AS "ibkr_contract_id",
	"instruments"."isin", "instruments"."mic", "instruments"."exchange", "instruments"."country",
	coalesce("quotes_latest"."currency", "instruments"."currency") AS "currency",
	coalesce("profiles"."sector", "instruments"."sector") AS "sector",
	coalesce("profiles"."industry", "instruments"."industry") AS "industry",
	CASE WHEN "profiles"."market_cap" IS NOT NULL THEN "profiles"."market_cap"
		WHEN "quoted"."source" IS NOT NULL THEN "quotes_latest"."market_cap" END AS "market_cap",
	CASE WHEN "profiles"."market_cap" IS NOT NULL THEN "profiles"."provenance"->>'source'
		WHEN "quotes_latest"."market_cap" IS NOT NULL THEN "quoted"."source" END AS "market_cap_source",
	"instruments"."tick_sizes", "instruments"."lot", "instruments"."tradable", "instruments"."hours", "instruments"."delisted_on",
	"quotes_latest"."price", "quotes_latest"."previous_close", "quotes_latest"."change", "quotes_latest"."change_percent",
	"quotes_latest"."open", "quotes_latest"."day_high", "quotes_latest"."day_low", "quotes_latest"."volume",
	"quotes_latest"."bid", "quotes_latest"."ask", "quotes_latest"."bid_size", "quotes_latest"."ask_size",
	"quotes_latest"."market_state" AS "market_status", "quotes_latest"."as_of" AS "last_price_update",
	"quotes_latest"."received_at", "quotes_latest"."provenance"
FROM "instruments"
LEFT JOIN "quotes_latest" ON "quotes_latest"."symbol" = "instruments"."symbol"
LEFT JOIN "profiles" ON "profiles"."symbol" = "instruments"."symbol"
CROSS JOIN LATERAL (
	SELECT coalesce(
		jsonb_path_query_first("quotes_latest"."provenance", '$.parts[*] ? (@.groups[*] == "marketCap").source') #>> '{}',
		CASE WHEN "quotes_latest"."provenance"->>'delivery' IS DISTINCT FROM 'stream' THEN "quotes_latest"."provenance"->>'source' END
	) AS "source"
) AS "quoted"
WHERE "instruments"."kind" IN ('equity', 'etf');
