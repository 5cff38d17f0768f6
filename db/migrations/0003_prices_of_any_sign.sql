-- A count below zero was never one: it becomes what it is, unknown.
UPDATE "quotes_latest" SET "bid_size" = CASE WHEN "bid_size" >= 0 THEN "bid_size" END, "ask_size" = CASE WHEN "ask_size" >= 0 THEN "ask_size" END WHERE "bid_size" < 0 OR "ask_size" < 0;--> statement-breakpoint
UPDATE "stock_price_history" SET "volume" = NULL WHERE "volume" < 0;--> statement-breakpoint
ALTER TABLE "stock_price_history" DROP CONSTRAINT "stock_price_history_price",
	ADD CONSTRAINT "stock_price_history_price_finite" CHECK ("price" > '-infinity' and "price" < 'infinity'),
	ADD CONSTRAINT "stock_price_history_volume_not_negative" CHECK ("volume" >= 0);--> statement-breakpoint
ALTER TABLE "quotes_latest" DROP CONSTRAINT "quotes_latest_price_positive",
	ADD CONSTRAINT "quotes_latest_price_finite" CHECK ("price" > '-infinity' and "price" < 'infinity'),
	ADD CONSTRAINT "quotes_latest_sizes_not_negative" CHECK ("bid_size" >= 0 and "ask_size" >= 0);
