import { ageText } from '../../core/age.ts';
import { bytesText } from '../../core/bytes.ts';
import { lsnNumber } from '../../core/lsn.ts';
import { item, type Item } from '../../core/report.ts';
import type { WalArchive } from './archive.ts';
import { addressOf, parseWalName } from './segment.ts';
import type { ServerWal } from './server.ts';
import type { SlotFact } from './slots.ts';

export interface WalLimits {
  /** How far the archive may be behind the server. */
  readonly lagBytes: number;
  /** How much of the log a slot may hold; null: as much as it likes. */
  readonly slotBytes: number | null;
  /** Role whose rights a fix would widen. */
  readonly user: string;
}

const DISK = 'runbooks/wal-disk-filling.md';
const FAILING = 'runbooks/archive-failing.md';

/** What the server's side says about the archive, one item each. Pure. */
export function judgeServer(server: ServerWal, archive: WalArchive, limits: WalLimits): Item[] {
  const foreign = foreignServer(server, archive);
  if (foreign !== null) return [foreign];
  return [
    archiver(server),
    waiting(server, archive, limits),
    lag(server, archive, limits),
    ...server.slots.map((slot) => slotItem(slot, limits)),
  ];
}

/** Bytes of the log the server has written and the archive does not have, on the newest timeline; null: the archive is empty. Pure. */
export function lagOf({ lsn, timeline }: Pick<ServerWal, 'lsn' | 'timeline'>, { names, system }: WalArchive): number | null {
  const segments = names.flatMap((name) => {
    const file = parseWalName(name);
    return file?.kind === 'segment' && (timeline === null || file.timeline <= timeline) ? [file] : [];
  });
  const newest = segments.at(-1);
  if (newest === undefined || system === null) return null;
  const end = addressOf(newest, system.segmentBytes) + BigInt(system.segmentBytes);
  return Math.max(0, Number(lsnNumber(lsn) - end));
}

const times = (count: number): string => (count === 1 ? 'once' : `${count} times`);

const bad = (id: string, object: string, message: string, fix: string): Item =>
  item({ id, object, status: 'fail', severity: 'high', message, fix });

function foreignServer({ systemIdentifier }: ServerWal, { system }: WalArchive): Item | null {
  if (system === null || systemIdentifier === null || system.identifier === systemIdentifier) return null;
  const message = `the archive is of server ${system.identifier}, and this is ${systemIdentifier}`;
  return bad('server', 'server', message, 'look where --env leads, or name the repository of this server with --repository');
}

function archiver({ archiver: found }: ServerWal): Item {
  const { mode, lastArchived, lastArchivedSeconds, failed, lastFailed, lastFailedSeconds } = found;
  const say = (message: string) => item({ id: 'archiver', object: 'archive_command', message });
  if (mode === 'off') return say('archive_mode is off: wal receive has to fill the archive');
  const failing = lastFailedSeconds !== null && (lastArchivedSeconds === null || lastFailedSeconds < lastArchivedSeconds);
  if (failing) {
    const since =
      lastArchivedSeconds === null ? 'nothing was archived yet' : `nothing was archived for ${ageText(lastArchivedSeconds)}`;
    const message = `fails, ${ageText(lastFailedSeconds)} ago with ${lastFailed ?? ''}, ${times(failed)} in all; ${since}`;
    return bad('archiver', 'archive_command', message, FAILING);
  }
  if (lastArchivedSeconds === null) return say('nothing was archived yet');
  const before = failed === 0 ? '' : `; failed ${times(failed)} before`;
  return say(`${lastArchived ?? ''} was archived ${ageText(lastArchivedSeconds)} ago${before}`);
}

function waiting({ folder }: ServerWal, { system }: WalArchive, { lagBytes, user }: WalLimits): Item {
  if (folder === null) {
    const message = 'the role may not look into pg_wal';
    return item({
      id: 'pg-wal',
      object: 'pg_wal',
      status: 'unknown',
      severity: 'low',
      message,
      fix: `grant pg_monitor to ${user};`,
    });
  }
  const { ready, newestReady, bytes } = folder;
  const waits =
    ready === 0 ? 'nothing waits to be archived' : `${ready} files wait to be archived, the newest ${newestReady ?? ''}`;
  const message = `${waits}; the folder has ${bytesText(bytes)}`;
  const tooMany = ready * (system?.segmentBytes ?? 0) > lagBytes;
  return tooMany ? bad('pg-wal', 'pg_wal', message, FAILING) : item({ id: 'pg-wal', object: 'pg_wal', message });
}

function lag(server: ServerWal, archive: WalArchive, { lagBytes }: WalLimits): Item {
  const bytes = lagOf(server, archive);
  if (bytes === null)
    return bad('lag', 'archive', 'nothing is in the archive', "archive_command = 'dbctl wal push %p', or dbctl wal receive");
  const message = `${bytesText(bytes)} behind the server, which is at ${server.lsn}`;
  return bytes > lagBytes
    ? bad('lag', 'archive', `${message}; ${bytesText(lagBytes)} is the most`, FAILING)
    : item({ id: 'lag', object: 'archive', message });
}

function slotItem(
  { name, type, active, retainedBytes, walStatus, invalidation, safeBytes }: SlotFact,
  { slotBytes }: WalLimits,
): Item {
  const object = `slot ${name}`;
  if (walStatus === 'lost' || invalidation !== null)
    return bad(
      'slot',
      object,
      `has lost its log (${invalidation ?? 'wal_removed'}): whoever reads from it has to begin anew`,
      DISK,
    );
  const who = active ? 'active' : 'nobody uses it';
  const holds = `holds ${bytesText(retainedBytes)} (${type}, ${who})`;
  if (walStatus === 'unreserved') return bad('slot', object, `${holds}: the next checkpoint may throw that away`, DISK);
  if (slotBytes !== null && retainedBytes > slotBytes)
    return bad('slot', object, `${holds}, and ${bytesText(slotBytes)} is the most`, DISK);
  const room = safeBytes === null ? '' : `; is cut off after ${bytesText(safeBytes)} more`;
  return item({ id: 'slot', object, message: `${holds}${room}` });
}
