ALTER TABLE "bar_revisions" ADD COLUMN "told_at" timestamp(3) with time zone;--> statement-breakpoint
-- The default comes after the column: of rows that are there already nobody knows it.
ALTER TABLE "bars" ADD COLUMN "told_at" timestamp(3) with time zone;--> statement-breakpoint
ALTER TABLE "bars" ALTER COLUMN "told_at" SET DEFAULT now();--> statement-breakpoint
ALTER TABLE "daily_bars" ADD COLUMN "told_at" timestamp(3) with time zone;--> statement-breakpoint
ALTER TABLE "daily_bars" ALTER COLUMN "told_at" SET DEFAULT now();--> statement-breakpoint
DROP TRIGGER "bars_revision" ON "bars";--> statement-breakpoint
DROP TRIGGER "daily_bars_revision" ON "daily_bars";--> statement-breakpoint
-- As before, and `told_at` says since when a bar has said what it says.
CREATE OR REPLACE FUNCTION "keep_bar_revision"() RETURNS trigger LANGUAGE plpgsql SET timezone TO 'UTC' AS $$
BEGIN
  IF (OLD.open, OLD.high, OLD.low, OLD.close, OLD.volume) IS NOT DISTINCT FROM (NEW.open, NEW.high, NEW.low, NEW.close, NEW.volume) THEN
    IF OLD.state <> 'provisional' AND NEW.revision <= OLD.revision THEN
      NEW.state := OLD.state;
      NEW.revision := OLD.revision;
      NEW.reason := OLD.reason;
    END IF;
    IF (OLD.state, OLD.revision) IS DISTINCT FROM (NEW.state, NEW.revision) THEN
      NEW.told_at := now();
    END IF;
    RETURN NEW;
  END IF;
  NEW.told_at := now();
  IF OLD.state = 'provisional' THEN
    RETURN NEW;
  END IF;
  INSERT INTO bar_revisions (series_id, start, open, high, low, close, volume, state, revision, reason, received_at, told_at)
    VALUES (OLD.series_id, OLD.start, OLD.open, OLD.high, OLD.low, OLD.close, OLD.volume, OLD.state, OLD.revision, OLD.reason, OLD.received_at, OLD.told_at)
    ON CONFLICT DO NOTHING;
  NEW.state := 'corrected';
  NEW.revision := greatest(NEW.revision, OLD.revision + 1);
  NEW.reason := coalesce(NEW.reason, 'its source told it otherwise later');
  RETURN NEW;
END
$$;--> statement-breakpoint
CREATE TRIGGER "bars_revision" BEFORE UPDATE ON "bars" FOR EACH ROW EXECUTE FUNCTION "keep_bar_revision"();--> statement-breakpoint
CREATE TRIGGER "daily_bars_revision" BEFORE UPDATE ON "daily_bars" FOR EACH ROW EXECUTE FUNCTION "keep_bar_revision"();
