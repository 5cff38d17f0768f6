-- Bars of a month that has no partition of its own land here: nothing is refused for want of a partition.
CREATE TABLE "bars_default" PARTITION OF "bars" DEFAULT;
--> statement-breakpoint
-- Makes the partition of the UTC month that holds `month`, and moves into it the rows that came before it existed.
-- The parent is partitioned by range over one timestamptz column and has a default partition <parent>_default.
CREATE FUNCTION "ensure_month_partition"("parent" regclass, "month" date) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  name text := parent::text || '_' || to_char(month, 'YYYY_MM');
  spare text := parent::text || '_default';
  first timestamptz := date_trunc('month', month::timestamp) AT TIME ZONE 'UTC';
  next timestamptz := (date_trunc('month', month::timestamp) + interval '1 month') AT TIME ZONE 'UTC';
  key text;
BEGIN
  IF to_regclass(name) IS NOT NULL THEN RETURN; END IF;

  -- Writers wait: a row that reached the default partition after the move would make the attachment fail.
  EXECUTE format('LOCK TABLE %I IN SHARE ROW EXCLUSIVE MODE', spare);
  IF to_regclass(name) IS NOT NULL THEN RETURN; END IF;

  SELECT attribute.attname INTO key
    FROM pg_partitioned_table AS partitioned
    JOIN pg_attribute AS attribute
      ON attribute.attrelid = partitioned.partrelid AND attribute.attnum = partitioned.partattrs[0]
    WHERE partitioned.partrelid = parent;
  EXECUTE format('CREATE TABLE %I (LIKE %s INCLUDING DEFAULTS INCLUDING CONSTRAINTS)', name, parent);
  EXECUTE format(
    'WITH moved AS (DELETE FROM %I WHERE %I >= $1 AND %I < $2 RETURNING *) INSERT INTO %I SELECT * FROM moved',
    spare, key, key, name
  ) USING first, next;
  EXECUTE format('ALTER TABLE %s ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', parent, name, first, next);
END
$$;
--> statement-breakpoint
-- Every refresh rewrites a quote: room on its page keeps the rewrite there, off the index.
ALTER TABLE "quotes_latest" SET (fillfactor = 50);
