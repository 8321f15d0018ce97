import { fail } from '../../core/errors.ts';

/** Where a recovery is to stop. Always said: without it a gap in the archive looks like the end of the log, and is promoted over. */
export type RecoveryTarget =
  | { readonly kind: 'time'; /** ISO 8601, UTC, microseconds. */ readonly time: string }
  | { readonly kind: 'lsn'; readonly lsn: string }
  | { readonly kind: 'name'; /** Of pg_create_restore_point. */ readonly name: string }
  | { readonly kind: 'latest' };

const TIME = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d(?::\d\d)?)(?:\.(\d{1,6}))?(Z|[+-]\d\d(?::?\d\d)?)$/;

/** `2026-11-21T06:00Z`, `0/18000120`, `name:before_release` or `latest`. Fails with usage, naming the option, on anything else. */
export function parseRecoveryTarget(text: string, option = '--to'): RecoveryTarget {
  if (text === 'latest') return { kind: 'latest' };
  if (/^[0-9A-Fa-f]{1,8}\/[0-9A-Fa-f]{1,8}$/.test(text)) return { kind: 'lsn', lsn: text.toUpperCase() };
  // 63 bytes is what pg_create_restore_point takes (MAXFNAMELEN - 1).
  if (/^name:./.test(text) && Buffer.byteLength(text) <= 68) return { kind: 'name', name: text.slice(5) };
  const [, day = '', clock = '', fraction = '', zone = ''] = TIME.exec(text) ?? [];
  const hours = /^[+-]\d\d$/.test(zone) ? `${zone}:00` : zone;
  const moment = Date.parse(`${day}T${clock}${hours}`);
  // A time without zone means another moment on another machine.
  if (day === '' || Number.isNaN(moment)) {
    fail('usage', `${option} takes a time with its zone, an LSN, name:POINT or latest, not ${text}`, {
      hint: 'Such as 2026-11-21T06:00Z, 0/18000120, name:before_release.',
    });
  }
  return { kind: 'time', time: `${new Date(moment).toISOString().slice(0, 19)}.${fraction.padEnd(6, '0')}Z` };
}

/** Microseconds since 1970 of a time of a target. */
export function microseconds(time: string): bigint {
  const [, fraction = ''] = /\.(\d{1,6})\d*Z$/.exec(time) ?? [];
  const seconds = Math.floor(Date.parse(time) / 1000);
  return BigInt(seconds) * 1_000_000n + BigInt(fraction.padEnd(6, '0'));
}

/** The other way round, as a target has it. */
export function timeText(time: bigint): string {
  const fraction = String(time % 1_000_000n).padStart(6, '0');
  return `${new Date(Number(time / 1000n)).toISOString().slice(0, 19)}.${fraction}Z`;
}

const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`;

/**
 * What is said to the server that starts on the folder: where to stop, on which timeline, and to open there. `latest` has been made a position
 * by then. A time stops before the first transaction that ended after it.
 */
export function recoverySettings(target: Exclude<RecoveryTarget, { kind: 'latest' }>, timeline: number, folder: string): string {
  const where = {
    // A zone by number: its letters are not known yet where the server reads this.
    time: () =>
      `recovery_target_time = ${quoted(target.kind === 'time' ? target.time.replace('T', ' ').replace('Z', '+00') : '')}`,
    lsn: () => `recovery_target_lsn = ${quoted(target.kind === 'lsn' ? target.lsn : '')}`,
    name: () => `recovery_target_name = ${quoted(target.kind === 'name' ? target.name : '')}`,
  }[target.kind]();
  return `
restore_command = 'cp "${folder}/%f" "%p"'
${where}
recovery_target_inclusive = 'on'
recovery_target_timeline = '${timeline}'
recovery_target_action = 'promote'
`;
}
