ALTER TABLE "api_keys" ADD COLUMN "expires_at" timestamp(3) with time zone;--> statement-breakpoint
ALTER TABLE "users" ADD COLUMN "canonical_name" text;--> statement-breakpoint
ALTER TABLE "users" ADD CONSTRAINT "users_canonical_name" UNIQUE("canonical_name");--> statement-breakpoint
-- Of users whose names look alike the oldest keeps the name to itself; the others stay as they are.
UPDATE "users" SET "canonical_name" = "first"."canonical_name"
FROM (
  SELECT DISTINCT ON ("canonical_name") "id", "canonical_name"
  FROM (SELECT "id", "created_at", lower(regexp_replace("name", '[ .]+$', '')) AS "canonical_name" FROM "users") AS "named"
  ORDER BY "canonical_name", "created_at", "id"
) AS "first"
WHERE "users"."id" = "first"."id";
