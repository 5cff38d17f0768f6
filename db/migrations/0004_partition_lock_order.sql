-- As before, but for its locks. A writer of bars locks its series first and its bars then: so does this now, for
-- attaching a partition locks what the parent refers to, and the two locked each other out. And readers wait before they
-- look where rows are: one that had looked missed the rows that were moved meanwhile.
CREATE OR REPLACE FUNCTION "ensure_month_partition"("parent" regclass, "month" date) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  name text := parent::text || '_' || to_char(month, 'YYYY_MM');
  spare text := parent::text || '_default';
  first timestamptz := date_trunc('month', month::timestamp) AT TIME ZONE 'UTC';
  next timestamptz := (date_trunc('month', month::timestamp) + interval '1 month') AT TIME ZONE 'UTC';
  key text;
  referred regclass;
BEGIN
  IF to_regclass(name) IS NOT NULL THEN RETURN; END IF;

  FOR referred IN
    SELECT DISTINCT confrelid::regclass FROM pg_constraint WHERE conrelid = parent AND contype = 'f' ORDER BY 1
  LOOP
    EXECUTE format('LOCK TABLE %s IN SHARE ROW EXCLUSIVE MODE', referred);
  END LOOP;
  EXECUTE format('LOCK TABLE ONLY %s IN ACCESS EXCLUSIVE MODE', parent);
  EXECUTE format('LOCK TABLE %I IN ACCESS EXCLUSIVE MODE', spare);
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
