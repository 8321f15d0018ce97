/**
 * Every condition a vulnerability may name in `when`; version-security-outdated and ext-cve-exposed look each one up on the server, but
 * for the last, which no session sees: whether that hole is open is not told.
 */
export const CONDITIONS = [
  'create objects',
  'create permanent objects',
  'execute pg_restore_attribute_stats',
  'replication role',
  'md5 password',
  'scram iterations',
  'gss rule',
  'tls on',
  'tls off',
  'unix socket',
  'row policies',
  'statistics of another owner',
  'subscription with origin none',
  'amcheck granted',
  'loaded pg_stat_statements',
  '32-bit build',
  'disabled cipher in use',
] as const;

export function isCondition(word: string): boolean {
  return (CONDITIONS as readonly string[]).includes(word) || /^extension [a-z_0-9-]+$/.test(word);
}
