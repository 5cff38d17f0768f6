ALTER TABLE "quotes_latest" ADD COLUMN "sequence" bigint;--> statement-breakpoint
ALTER TABLE "quotes_latest" ADD COLUMN "value_order" double precision[];--> statement-breakpoint
-- What is held was polled: its instant and when it was received decide, as they did before.
UPDATE "quotes_latest" SET "value_order" = ARRAY[
	extract(epoch FROM "as_of") * 1000, 0, -1, 0, extract(epoch FROM "received_at") * 1000, 0, 0
]::double precision[];--> statement-breakpoint
ALTER TABLE "quotes_latest" ALTER COLUMN "value_order" SET NOT NULL;
