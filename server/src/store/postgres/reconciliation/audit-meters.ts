// What is billed against the two meters of domain/metering: the engine's reports and the gateway's own count.

import {
  BYTES_PER_TOKEN,
  METER_OVER_RATIO,
  METER_SHORT_RATIO,
  METER_SLACK_TOKENS,
} from '../../../domain/metering/meter.ts';
import type { Check } from '../audit-check.ts';

const INPUT = 'input + cache_read + cache_write_5m + cache_write_1h + image_input + audio_input';
const OUTPUT = 'output + reasoning + image_output + audio_output';

/** Older ones were compared before, and what differs stays noted. */
const COMPARED = `started_at > now() - interval '35 days'`;

/** Of completed requests alone: what is cut off is reported as far as it came, or not at all. */
export const METER_HOURS = `
  SELECT date_trunc('hour', started_at, 'UTC') AS hour, model, engine, count(*) AS requests,
      sum(${INPUT}) AS billed_input, sum(${OUTPUT}) AS billed_output,
      sum(engine_input) AS engine_input, sum(engine_output) AS engine_output,
      count(*) FILTER (WHERE engine_output IS NULL) AS unreported,
      sum(gateway_pieces) AS pieces,
      greatest(sum(gateway_pieces), div(sum(gateway_bytes), ${BYTES_PER_TOKEN})) AS gateway_output,
      count(*) FILTER (WHERE engine_output IS NOT NULL) AS reported,
      coalesce(sum(gateway_pieces) FILTER (WHERE engine_output IS NOT NULL), 0) AS reported_pieces,
      coalesce(sum(gateway_bytes) FILTER (WHERE engine_output IS NOT NULL), 0) AS reported_bytes,
      count(*) FILTER (WHERE doubts IS NOT NULL) AS doubtful
    FROM usage
    WHERE gateway_pieces IS NOT NULL AND outcome = 'completed'`;

const HOUR = `to_char(hour AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24"h"')`;

export const METER_CHECKS: readonly Check[] = [
  {
    name: 'I20 what is billed is what the engine has counted, request by request',
    sql: `SELECT format('request %s: billed %s in and %s out, the engine counted %s and %s', request_id, ${INPUT}, ${OUTPUT},
              coalesce(engine_input::text, 'nothing'), coalesce(engine_output::text, 'nothing')) AS detail
            FROM usage
            WHERE gateway_pieces IS NOT NULL AND usage_source = 'engine'
              AND (engine_input IS DISTINCT FROM ${INPUT} OR engine_output IS DISTINCT FROM ${OUTPUT})
              AND (engine_output IS NOT NULL OR ${INPUT} + ${OUTPUT} > 0)`,
  },
  {
    name: 'I20 where no engine has counted, no more is billed than has passed',
    sql: `SELECT format('request %s: billed %s out, %s pieces have passed', request_id, ${OUTPUT}, gateway_pieces) AS detail
            FROM usage
            WHERE gateway_pieces IS NOT NULL AND usage_source = 'counted' AND engine_output IS NULL
              AND ${OUTPUT} > gateway_pieces * ${METER_SHORT_RATIO} + ${METER_SLACK_TOKENS}`,
  },
  {
    name: 'I20 engine and gateway have counted alike, by model and hour',
    sql: `SELECT format('%s, %s on %s: the engine counted %s tokens, %s pieces and %s bytes have passed in %s requests',
              ${HOUR}, model, engine, engine_output, reported_pieces, reported_bytes, reported) AS detail
            FROM (${METER_HOURS} AND ${COMPARED} GROUP BY 1, 2, 3) AS h
            WHERE engine_output * ${METER_SHORT_RATIO} + ${METER_SLACK_TOKENS} * reported < reported_pieces
              OR engine_output > ${METER_OVER_RATIO} * greatest(reported_pieces, reported_bytes / ${BYTES_PER_TOKEN})
                + ${METER_SLACK_TOKENS} * reported`,
  },
];
