ALTER TABLE "gap_fills" ADD COLUMN "bars" integer;--> statement-breakpoint
ALTER TABLE "gap_fills" ADD COLUMN "reached_at" timestamp(3) with time zone;--> statement-breakpoint
ALTER TABLE "quotes_latest" ADD COLUMN "derivative" jsonb;