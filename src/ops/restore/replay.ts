import { mkdir, chown, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fail } from '../../core/errors.ts';
import type { PhysicalManifest } from '../backup/manifest.ts';
import type { Repository } from '../backup/repository.ts';
import type { ServerAccount } from '../process/account.ts';
import { fetchWal, readArchive } from '../wal/archive.ts';
import { findGaps, parseWalName, segmentName } from '../wal/segment.ts';

/** Where a recovery is to stop. Always said: without it a gap in the archive looks like the end of the log, and is promoted over. */
export type RecoveryTarget =
  | { readonly kind: 'time'; /** ISO 8601, UTC. */ readonly time: string }
  | { readonly kind: 'lsn'; readonly lsn: string };

/** `2026-11-21T06:00Z` or `0/18000120`. Fails with usage on anything else. */
export function parseRecoveryTarget(text: string): RecoveryTarget {
  if (/^[0-9A-Fa-f]{1,8}\/[0-9A-Fa-f]{1,8}$/.test(text)) return { kind: 'lsn', lsn: text.toUpperCase() };
  // A time without zone means another moment on another machine.
  if (
    !/^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?(?:Z|[+-]\d\d:?\d\d)$/.test(text) ||
    Number.isNaN(Date.parse(text))
  ) {
    fail('usage', `--to takes a time with its zone such as 2026-11-21T06:00Z, or an LSN such as 0/18000120, not ${text}`, {
      hint: 'Run dbctl restore --help.',
    });
  }
  return { kind: 'time', time: new Date(text).toISOString() };
}

/** Position in the log as a number. */
export const lsnNumber = (lsn: string): bigint => {
  const [high = '0', low = '0'] = lsn.split('/');
  return (BigInt(`0x${high}`) << 32n) + BigInt(`0x${low}`);
};

/**
 * The segments a recovery needs beyond the backup, from the one the backup ends in. Pure. Fails with refused, before anything is unpacked,
 * where the archive has a gap before the target, does not reach back to the backup, or ends before the target.
 */
export function planReplay(
  { id, endLsn, timeline }: Pick<PhysicalManifest, 'id' | 'endLsn' | 'timeline'>,
  target: RecoveryTarget,
  archive: { readonly names: readonly string[]; readonly segmentBytes: number },
): string[] {
  const { segmentBytes } = archive;
  const hint = 'dbctl wal status shows what the archive holds.';
  const own = archive.names.filter((name) => {
    const file = parseWalName(name);
    return file?.kind === 'segment' && file.timeline === timeline;
  });
  const first = segmentName(timeline, lsnNumber(endLsn), segmentBytes);
  const from = own.filter((name) => name >= first);
  const last = target.kind === 'lsn' ? segmentName(timeline, lsnNumber(target.lsn), segmentBytes) : from.at(-1);
  if (target.kind === 'lsn' && lsnNumber(target.lsn) < lsnNumber(endLsn)) {
    fail('refused', `${target.lsn} is before the end of ${id} at ${endLsn}: a backup cannot be taken back`, {
      hint: 'Take an older backup.',
    });
  }
  if (from[0] !== first || last === undefined) fail('refused', `the archive lacks ${first}, in which ${id} ends`, { hint });
  const needed = from.filter((name) => name <= last);
  const [gap] = findGaps(needed, segmentBytes);
  if (gap !== undefined) fail('refused', `the archive has a gap before the target: ${gap.first} is missing`, { hint });
  if (needed.at(-1) !== last) fail('refused', `the archive ends at ${needed.at(-1)}, before the target in ${last}`, { hint });
  return needed;
}

/** What is said to the server that starts on the folder. */
export function recoverySettings(target: RecoveryTarget, folder: string): string {
  const where = target.kind === 'time' ? `recovery_target_time = '${target.time}'` : `recovery_target_lsn = '${target.lsn}'`;
  return `
restore_command = 'cp "${folder}/%f" "%p"'
${where}
recovery_target_inclusive = 'on'
recovery_target_timeline = 'current'
recovery_target_action = 'promote'
`;
}

/**
 * Readies an unpacked backup for a recovery to a point: brings the segments it needs beside it and writes down where to stop. The server that
 * starts there replays them and opens; if the point is not in them it stops with an error instead of opening.
 */
export async function prepareReplay(
  repository: Repository,
  manifest: PhysicalManifest,
  target: RecoveryTarget,
  made: {
    readonly data: string;
    /** Where the segments will be when the folder has its name. */ readonly wal: string;
    readonly account: ServerAccount | undefined;
  },
): Promise<number> {
  const needed = await replayOf(repository, manifest, target);
  const give = async (path: string) => (made.account === undefined ? undefined : chown(path, made.account.uid, made.account.gid));
  await mkdir(made.wal, { mode: 0o700 });
  await give(made.wal);
  for (const name of needed) {
    await fetchWal(repository, name, join(made.wal, name));
    await give(join(made.wal, name));
  }
  for (const [name, text, flag] of [
    ['postgresql.auto.conf', recoverySettings(target, made.wal), 'a'],
    ['recovery.signal', '', 'w'],
  ] as const) {
    await writeFile(join(made.data, name), text, { mode: 0o600, flag });
    await give(join(made.data, name));
  }
  return needed.length;
}

/** The segments a recovery to the target needs. Fails with refused where it cannot be reached: asked before anything is unpacked, too. */
export async function replayOf(repository: Repository, manifest: PhysicalManifest, target: RecoveryTarget): Promise<string[]> {
  const { system, names } = await readArchive(repository);
  if (system === null || system.identifier !== manifest.source.systemIdentifier) {
    fail('refused', `the repository has no write-ahead log of server ${manifest.source.systemIdentifier ?? 'unknown'}`, {
      hint: "archive_command = 'dbctl wal push %p' fills it; dbctl wal status shows what it has.",
    });
  }
  if (target.kind === 'time' && Date.parse(target.time) < Date.parse(manifest.snapshotAt)) {
    fail(
      'refused',
      `${target.time} is before the end of ${manifest.id} at ${manifest.snapshotAt}: a backup cannot be taken back`,
      {
        hint: 'Take an older backup.',
      },
    );
  }
  return planReplay(manifest, target, { names, segmentBytes: system.segmentBytes });
}
