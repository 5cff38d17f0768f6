ALTER TABLE "profiles" ADD COLUMN "mic" text;--> statement-breakpoint
ALTER TABLE "quotes_latest" ADD COLUMN "kind" text;--> statement-breakpoint
ALTER TABLE "quotes_latest" ADD COLUMN "mic" text;--> statement-breakpoint
-- One list of kinds: a currency pair is `fx`, and what the list does not name is `other`.
UPDATE "profiles" SET "kind" = CASE "kind" WHEN 'currency' THEN 'fx' ELSE 'other' END WHERE "kind" IN ('currency', 'warrant');
