ALTER TABLE "stock_price_history" DROP CONSTRAINT "stock_price_history_session",
	ADD CONSTRAINT "stock_price_history_session" CHECK ("session" in ('pre', 'regular', 'post', 'overnight'));--> statement-breakpoint
-- A split of one for one was never one.
DELETE FROM "splits" WHERE "ratio" = 1;--> statement-breakpoint
-- Of weeks that do not begin on Mondays and months that do not begin on the first it is not known which days they hold.
-- Yahoo took a payout off the close of the very week or month that it lay in.
DELETE FROM "daily_bars" USING "bar_series"
WHERE "bar_series"."id" = "daily_bars"."series_id" AND (
  ("bar_series"."interval" = '1wk' AND extract(isodow FROM "daily_bars"."start") <> 1)
  OR ("bar_series"."interval" = '1mo' AND extract(day FROM "daily_bars"."start") <> 1)
  OR ("bar_series"."interval" IN ('1wk', '1mo') AND "bar_series"."adjusted" = 'all' AND "bar_series"."source" = 'yahoo')
);--> statement-breakpoint
-- Weeks and months that were written down as days: they came in one answer, and keep to a grid that no days keep to.
WITH "sparse" AS (
  SELECT "bar"."series_id", "bar"."received_at"
  FROM "daily_bars" AS "bar" JOIN "bar_series" AS "series" ON "series"."id" = "bar"."series_id" AND "series"."interval" = '1d'
  GROUP BY "bar"."series_id", "bar"."received_at"
  HAVING count(*) >= 2 AND max("bar"."start") - min("bar"."start") >= 7 * (count(*) - 1)
), "steps" AS (
  SELECT "bar"."series_id", "bar"."received_at", "bar"."start",
    "bar"."start" - lag("bar"."start") OVER (PARTITION BY "bar"."series_id", "bar"."received_at" ORDER BY "bar"."start") AS "days"
  FROM "daily_bars" AS "bar" JOIN "sparse" USING ("series_id", "received_at")
), "longer" AS (
  SELECT "series_id", "received_at" FROM "steps" GROUP BY "series_id", "received_at"
  HAVING (count(*) >= 4 AND bool_and("days" % 7 = 0))
    OR (bool_and("days" >= 28) AND bool_and(extract(day FROM "start") <= 3))
)
DELETE FROM "daily_bars" USING "longer"
WHERE "longer"."series_id" = "daily_bars"."series_id" AND "longer"."received_at" = "daily_bars"."received_at";--> statement-breakpoint
-- Bars whose prices cannot be, by the rule that drops them from answers.
DELETE FROM "daily_bars" USING "bar_series"
WHERE "bar_series"."id" = "daily_bars"."series_id" AND (
  greatest("open", "close") > "high" + abs("high") * 0.005
  OR least("open", "close") < "low" - abs("low") * 0.005
  OR (least("open", "low", "close") <= 0 AND "bar_series"."symbol" !~ '^\^|=F$|[FGHJKMNQUVXZ][0-9]{2}\.(NYM|CBT|CME|CMX|NYB)$'
    AND NOT EXISTS (
      SELECT FROM "quotes_latest" AS "quote" WHERE "quote"."symbol" = "bar_series"."symbol" AND "quote"."kind" IN ('future', 'index')
    ))
);--> statement-breakpoint
-- The same within the day, and what opens off the grid of its interval: a last trade that was taken for a bar.
DELETE FROM "bars" USING "bar_series"
WHERE "bar_series"."id" = "bars"."series_id" AND (
  mod(extract(epoch FROM "start"), CASE "bar_series"."interval" WHEN '1m' THEN 60 ELSE 300 END) <> 0
  OR greatest("open", "close") > "high" + abs("high") * 0.005
  OR least("open", "close") < "low" - abs("low") * 0.005
  OR (least("open", "low", "close") <= 0 AND "bar_series"."symbol" !~ '^\^|=F$|[FGHJKMNQUVXZ][0-9]{2}\.(NYM|CBT|CME|CMX|NYB)$'
    AND NOT EXISTS (
      SELECT FROM "quotes_latest" AS "quote" WHERE "quote"."symbol" = "bar_series"."symbol" AND "quote"."kind" IN ('future', 'index')
    ))
);--> statement-breakpoint
-- Names and stories came with the entities of web pages. The function goes with the session that migrates.
CREATE FUNCTION pg_temp.character_of("entity" text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
  named CONSTANT jsonb := '{"amp":"&","lt":"<","gt":">","quot":"\"","apos":"''","nbsp":" ","ensp":" ","emsp":" ","thinsp":" ","shy":"","ndash":"–","mdash":"—","lsquo":"‘","rsquo":"’","sbquo":"‚","ldquo":"“","rdquo":"”","bdquo":"„","laquo":"«","raquo":"»","hellip":"…","bull":"•","middot":"·","dagger":"†","trade":"™","reg":"®","copy":"©","deg":"°","sect":"§","para":"¶","euro":"€","pound":"£","yen":"¥","cent":"¢","plusmn":"±","times":"×","divide":"÷","frac12":"½","frac14":"¼","frac34":"¾","sup1":"¹","sup2":"²","sup3":"³","ordf":"ª","ordm":"º","iexcl":"¡","iquest":"¿","szlig":"ß","oelig":"œ","OElig":"Œ","aelig":"æ","AElig":"Æ","oslash":"ø","Oslash":"Ø","aring":"å","Aring":"Å","ccedil":"ç","Ccedil":"Ç","ntilde":"ñ","Ntilde":"Ñ","eth":"ð","ETH":"Ð","thorn":"þ","THORN":"Þ","scaron":"š","Scaron":"Š","yacute":"ý","Yacute":"Ý","yuml":"ÿ","agrave":"à","aacute":"á","acirc":"â","auml":"ä","egrave":"è","eacute":"é","ecirc":"ê","euml":"ë","igrave":"ì","iacute":"í","icirc":"î","iuml":"ï","ograve":"ò","oacute":"ó","ocirc":"ô","ouml":"ö","ugrave":"ù","uacute":"ú","ucirc":"û","uuml":"ü","Agrave":"À","Aacute":"Á","Acirc":"Â","Auml":"Ä","Egrave":"È","Eacute":"É","Ecirc":"Ê","Euml":"Ë","Igrave":"Ì","Iacute":"Í","Icirc":"Î","Iuml":"Ï","Ograve":"Ò","Oacute":"Ó","Ocirc":"Ô","Ouml":"Ö","Ugrave":"Ù","Uacute":"Ú","Ucirc":"Û","Uuml":"Ü","atilde":"ã","otilde":"õ","Atilde":"Ã","Otilde":"Õ"}';
  code bigint;
BEGIN
  IF entity ~ '^&#[xX]' THEN
    code := ('x' || lpad(substr(entity, 4, length(entity) - 4), 16, '0'))::bit(64)::bigint;
  ELSIF entity ~ '^&#' THEN
    code := substr(entity, 3, length(entity) - 3)::bigint;
  ELSE
    RETURN coalesce(named ->> substr(entity, 2, length(entity) - 2), entity);
  END IF;
  IF code > 1114111 OR code BETWEEN 55296 AND 57343 THEN RETURN ''; END IF;
  -- No controls, and nothing that turns the direction of writing.
  IF code < 9 OR code BETWEEN 11 AND 12 OR code BETWEEN 14 AND 31 OR code BETWEEN 127 AND 159
    OR code BETWEEN 8234 AND 8238 OR code BETWEEN 8294 AND 8297 THEN RETURN ''; END IF;
  RETURN chr(code::int);
END
$$;--> statement-breakpoint
-- `in_json`: the text is JSON, in whose strings quotes and backslashes are escaped.
CREATE FUNCTION pg_temp.decoded("value" text, "in_json" boolean DEFAULT false) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
  rest text := value;
  result text := '';
  entity text;
  letter text;
  place int;
BEGIN
  LOOP
    entity := substring(rest FROM '&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z][a-zA-Z0-9]{1,31});');
    EXIT WHEN entity IS NULL;
    place := position(entity IN rest);
    letter := pg_temp.character_of(entity);
    IF in_json AND letter <> '' THEN letter := substr(to_json(letter)::text, 2, length(to_json(letter)::text) - 2); END IF;
    result := result || left(rest, place - 1) || letter;
    rest := substr(rest, place + length(entity));
  END LOOP;
  RETURN result || rest;
END
$$;--> statement-breakpoint
UPDATE "quotes_latest" SET "name" = pg_temp.decoded("name"), "exchange" = pg_temp.decoded("exchange")
WHERE concat("name", "exchange") ~ '&[#a-zA-Z][0-9a-zA-Z]*;';--> statement-breakpoint
UPDATE "profiles" SET "name" = pg_temp.decoded("name"), "description" = pg_temp.decoded("description"),
  "exchange" = pg_temp.decoded("exchange"), "country" = pg_temp.decoded("country"), "sector" = pg_temp.decoded("sector"),
  "industry" = pg_temp.decoded("industry"), "officers" = pg_temp.decoded("officers"::text, true)::jsonb
WHERE concat("name", "description", "exchange", "country", "sector", "industry", "officers") ~ '&[#a-zA-Z][0-9a-zA-Z]*;';--> statement-breakpoint
UPDATE "news" SET "title" = pg_temp.decoded("title"), "summary" = pg_temp.decoded("summary"),
  "publisher" = pg_temp.decoded("publisher")
WHERE concat("title", "summary", "publisher") ~ '&[#a-zA-Z][0-9a-zA-Z]*;';
