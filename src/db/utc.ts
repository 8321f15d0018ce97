/** SQL that shows a timestamptz in ISO 8601 and UTC, whatever DateStyle and TimeZone of the session are. */
export const utcText = (expression: string): string =>
  `pg_catalog.to_char(${expression} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')`;
