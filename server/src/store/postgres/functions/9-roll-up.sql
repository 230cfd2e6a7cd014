-- Adds to the roll-ups what was settled since the last time, each row once: everything that was written by transactions which
-- have ended, whatever order they ended in. One process at a time; returns how many usage rows it added, or null where another
-- process is at it. Of protocols they tell apart whether they are embeddings. What is read together is written together, in the
-- order of organisations and times: scattered, a week of hours took three times as long to read.
CREATE FUNCTION usage_roll_up() RETURNS bigint LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  from_xid xid8;
  to_xid xid8;
  here bigint;
  known bigint;
  added bigint;
BEGIN
  SELECT upto, cluster INTO from_xid, known FROM usage_roll_up_position FOR UPDATE SKIP LOCKED;
  IF NOT FOUND THEN
    RETURN NULL;
  END IF;
  BEGIN
    SELECT system_identifier INTO here FROM pg_control_system();
  EXCEPTION WHEN insufficient_privilege THEN
    here := 1;
  END;
  IF known <> here THEN
    -- The first time, or a database that was restored in another cluster, where transactions have other numbers.
    PERFORM usage_roll_up_anew();
    from_xid := '0';
  END IF;
  to_xid := pg_snapshot_xmin(pg_current_snapshot());
  IF to_xid <= from_xid THEN
    RETURN 0;
  END IF;

  WITH fresh AS MATERIALIZED (
    SELECT organisation_id, date_trunc('hour', started_at, 'UTC') AS starts_at, project_id, key_id, model, tier,
        price_version, CASE protocol WHEN 'openai-embeddings' THEN protocol ELSE '' END AS protocol, outcome = 'failed' AS failed, coalesce(end_user, '') AS end_user,
        count(*) AS requests, sum(input) AS input, sum(cache_read) AS cache_read,
        sum(cache_write_5m) AS cache_write_5m, sum(cache_write_1h) AS cache_write_1h, sum(output) AS output,
        sum(reasoning) AS reasoning, sum(image_input) AS image_input, sum(audio_input) AS audio_input,
        sum(image_output) AS image_output, sum(audio_output) AS audio_output, sum(tool_calls) AS tool_calls,
        sum(cost_nano) AS cost_nano, sum(charged_nano) AS charged_nano, sum(overrun_nano) AS overrun_nano
      FROM usage WHERE settled_xid >= from_xid AND settled_xid < to_xid
      GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10
  ), hours AS (
    INSERT INTO usage_hour AS t (
          organisation_id, starts_at, project_id, key_id, model, tier, price_version, protocol, failed, end_user,
          requests, input, cache_read, cache_write_5m, cache_write_1h, output, reasoning, image_input, audio_input,
          image_output, audio_output, tool_calls, cost_nano, charged_nano, overrun_nano)
      SELECT organisation_id, starts_at, project_id, key_id, model, tier, price_version, protocol, failed, '',
        sum(requests), sum(input), sum(cache_read), sum(cache_write_5m), sum(cache_write_1h), sum(output),
        sum(reasoning), sum(image_input), sum(audio_input), sum(image_output), sum(audio_output), sum(tool_calls),
        sum(cost_nano), sum(charged_nano), sum(overrun_nano)
        FROM fresh GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 ORDER BY 1, 2, 10
      ON CONFLICT (organisation_id, starts_at, project_id, key_id, model, tier, price_version, protocol, failed, end_user) DO UPDATE SET
        requests = t.requests + excluded.requests, input = t.input + excluded.input,
        cache_read = t.cache_read + excluded.cache_read, cache_write_5m = t.cache_write_5m + excluded.cache_write_5m,
        cache_write_1h = t.cache_write_1h + excluded.cache_write_1h, output = t.output + excluded.output,
        reasoning = t.reasoning + excluded.reasoning, image_input = t.image_input + excluded.image_input,
        audio_input = t.audio_input + excluded.audio_input, image_output = t.image_output + excluded.image_output,
        audio_output = t.audio_output + excluded.audio_output, tool_calls = t.tool_calls + excluded.tool_calls,
        cost_nano = t.cost_nano + excluded.cost_nano, charged_nano = t.charged_nano + excluded.charged_nano,
        overrun_nano = t.overrun_nano + excluded.overrun_nano
  ), days AS (
    INSERT INTO usage_day AS t (
          organisation_id, starts_at, project_id, key_id, model, tier, price_version, protocol, failed, end_user,
          requests, input, cache_read, cache_write_5m, cache_write_1h, output, reasoning, image_input, audio_input,
          image_output, audio_output, tool_calls, cost_nano, charged_nano, overrun_nano)
      SELECT organisation_id, date_trunc('day', starts_at, 'UTC'), project_id, key_id, model, tier, price_version, protocol, failed, '',
        sum(requests), sum(input), sum(cache_read), sum(cache_write_5m), sum(cache_write_1h), sum(output),
        sum(reasoning), sum(image_input), sum(audio_input), sum(image_output), sum(audio_output), sum(tool_calls),
        sum(cost_nano), sum(charged_nano), sum(overrun_nano)
        FROM fresh GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 ORDER BY 1, 2, 10
      ON CONFLICT (organisation_id, starts_at, project_id, key_id, model, tier, price_version, protocol, failed, end_user) DO UPDATE SET
        requests = t.requests + excluded.requests, input = t.input + excluded.input,
        cache_read = t.cache_read + excluded.cache_read, cache_write_5m = t.cache_write_5m + excluded.cache_write_5m,
        cache_write_1h = t.cache_write_1h + excluded.cache_write_1h, output = t.output + excluded.output,
        reasoning = t.reasoning + excluded.reasoning, image_input = t.image_input + excluded.image_input,
        audio_input = t.audio_input + excluded.audio_input, image_output = t.image_output + excluded.image_output,
        audio_output = t.audio_output + excluded.audio_output, tool_calls = t.tool_calls + excluded.tool_calls,
        cost_nano = t.cost_nano + excluded.cost_nano, charged_nano = t.charged_nano + excluded.charged_nano,
        overrun_nano = t.overrun_nano + excluded.overrun_nano
  ), users AS (
    INSERT INTO usage_day_by_end_user AS t (
          organisation_id, starts_at, project_id, key_id, model, tier, price_version, protocol, failed, end_user,
          requests, input, cache_read, cache_write_5m, cache_write_1h, output, reasoning, image_input, audio_input,
          image_output, audio_output, tool_calls, cost_nano, charged_nano, overrun_nano)
      SELECT organisation_id, date_trunc('day', starts_at, 'UTC'), '', '', model, '', 0,
        protocol, failed, end_user,
        sum(requests), sum(input), sum(cache_read), sum(cache_write_5m), sum(cache_write_1h), sum(output),
        sum(reasoning), sum(image_input), sum(audio_input), sum(image_output), sum(audio_output), sum(tool_calls),
        sum(cost_nano), sum(charged_nano), sum(overrun_nano)
        FROM fresh GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 ORDER BY 1, 2, 10
      ON CONFLICT (organisation_id, starts_at, project_id, key_id, model, tier, price_version, protocol, failed, end_user) DO UPDATE SET
        requests = t.requests + excluded.requests, input = t.input + excluded.input,
        cache_read = t.cache_read + excluded.cache_read, cache_write_5m = t.cache_write_5m + excluded.cache_write_5m,
        cache_write_1h = t.cache_write_1h + excluded.cache_write_1h, output = t.output + excluded.output,
        reasoning = t.reasoning + excluded.reasoning, image_input = t.image_input + excluded.image_input,
        audio_input = t.audio_input + excluded.audio_input, image_output = t.image_output + excluded.image_output,
        audio_output = t.audio_output + excluded.audio_output, tool_calls = t.tool_calls + excluded.tool_calls,
        cost_nano = t.cost_nano + excluded.cost_nano, charged_nano = t.charged_nano + excluded.charged_nano,
        overrun_nano = t.overrun_nano + excluded.overrun_nano
  )
  SELECT coalesce(sum(requests), 0) INTO added FROM fresh;
  UPDATE usage_roll_up_position SET upto = to_xid, cluster = here;
  RETURN added;
END $$;

-- Empties the roll-ups, and makes every row of usage one that is to be rolled up first.
CREATE FUNCTION usage_roll_up_anew() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM usage_hour;
  DELETE FROM usage_day;
  DELETE FROM usage_day_by_end_user;
  IF EXISTS (SELECT FROM usage WHERE settled_xid >= pg_snapshot_xmin(pg_current_snapshot())) THEN
    -- Of another cluster, or being written right now: nobody may write while numbers are taken back.
    ALTER TABLE usage DISABLE TRIGGER usage_is_immutable;
    UPDATE usage SET settled_xid = '0' WHERE settled_xid <> '0';
    ALTER TABLE usage ENABLE ALWAYS TRIGGER usage_is_immutable;
  END IF;
END $$;
