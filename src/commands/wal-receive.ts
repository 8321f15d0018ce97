import { join, resolve } from 'node:path';
import { parseDuration } from '../config/duration.ts';
import { bytesText, parseBytes } from '../core/bytes.ts';
import type { CommandSpec, ParsedOptions } from '../core/command.ts';
import { fail } from '../core/errors.ts';
import { lsnNumber } from '../core/lsn.ts';
import { item, type Answer } from '../core/report.ts';
import type { ReceiveRequest } from '../ops/wal/receive-request.ts';
import { REPOSITORIES_OPTION, openBackups } from './backup-context.ts';
import type { Context } from './context.ts';
import { requireExpectedOrigin } from './db-context.ts';

export const spec: CommandSpec = {
  name: 'wal receive',
  summary: 'stream the write-ahead log of the server into the archive, as it is written',
  description:
    'Speaks the replication protocol: what is committed is on this side within a second or two, where archive_command waits for a whole ' +
    'segment. Goes on at the end of the archive, after a lost connection and over a failover. Whole segments go into every repository as wal ' +
    'push stores them; the one being received is in the spool folder, on the disk before it is confirmed. Runs until it is stopped: SIGTERM ' +
    'and SIGINT end it with exit 0 and everything stored. Needs the attribute REPLICATION, a line for replication in pg_hba.conf, a place ' +
    'under max_wal_senders.\n\n' +
    'A slot makes the server keep its log until it was received: nothing is missing after a pause, and a receiver that never comes back ' +
    "fills the server's disk. Set max_slot_wal_keep_size, and watch: dbctl wal status --server. No slot is ever dropped but by --drop-slot.",
  effect: 'changes',
  options: [
    {
      flags: '--slot <name>',
      description: 'physical replication slot; without one the archive gets a gap when this does not run',
      parse: slotName,
    },
    { flags: '--create-slot', description: 'make the slot where there is none' },
    { flags: '--drop-slot', description: 'drop the slot instead, so that the server can throw its log away' },
    { flags: '--once', description: 'end at what the server has written when this begins' },
    { flags: '--until <lsn>', description: 'end at this position', parse: lsn },
    {
      flags: '--max-slot-wal <size>',
      description: 'warn of slots that hold more than this, and make none beside them; 0 is no limit',
      default: '10GB',
    },
    { flags: '--reconnect <duration>', description: 'how long to try again after a lost connection (default: for ever)' },
    { flags: '--accept-gap', description: 'go on although the server has thrown away what comes next' },
    {
      flags: '--spool <folder>',
      description: 'a folder on a disk of this machine (default: .dbctl/wal/<repository> beside dbctl.yaml)',
    },
    REPOSITORIES_OPTION,
  ],
  examples: [
    ['dbctl wal receive --env prod --slot dbctl --create-slot --log-level info', 'as a service'],
    ['dbctl wal receive --env prod --slot dbctl --once', 'from a timer'],
    ['dbctl wal receive --env prod --slot dbctl --drop-slot', 'when it is not to be run any more'],
  ],
};

export async function run(options: ParsedOptions, context: Context): Promise<Answer> {
  const [{ receiveWal }, { repository, repositories }, target, { folder }] = await Promise.all([
    import('../ops/wal/receive.ts'),
    openBackups(context, options['repository'] as string | undefined),
    context.connection(),
    context.config(),
  ]);
  const slot = (options['slot'] as string | undefined) ?? null;
  const given = requireTogether(options, slot);
  await requireExpectedOrigin(target, context);
  if (slot !== null && given.drop) return dropSlot(slot, context);
  const spool = options['spool'] as string | undefined;
  const request: ReceiveRequest = {
    repositories: [repository, ...repositories.slice(1)],
    target,
    spool: spool === undefined ? join(folder, '.dbctl', 'wal', repository.name) : resolve(context.cwd, spool),
    slot,
    createSlot: options['createSlot'] === true,
    until: options['once'] === true ? 'now' : ((options['until'] as bigint | undefined) ?? null),
    maxSlotBytes: given.maxSlotBytes,
    reconnectMs: given.reconnectMs,
    acceptGap: options['acceptGap'] === true,
    clock: context.clock,
    log: context.log,
    signal: context.signal,
  };
  if (context.globals.dryRun) return dryRun(request);
  if (slot === null) context.log.warn('no slot: what the server throws away while this does not run is missing in the archive');
  const received = await receiveWal(request);
  const { why, timeline, lsn: reached, segments, bytes } = received;
  const message = `${segments} segments stored; on a disk of this side up to ${reached}`;
  return {
    ok: true,
    items: [item({ id: 'wal', object: `timeline ${timeline}`, message, lsn: reached })],
    summary: { ...received, repositories: repositories.length, spool: request.spool },
    view: {
      notes: [
        `${bytesText(bytes)} received. ${why === 'stopped' ? 'Stopped as asked' : 'The end was reached'}; what is no whole segment yet is in ${request.spool}.`,
      ],
    },
  };
}

interface Given {
  readonly drop: boolean;
  readonly maxSlotBytes: number | null;
  readonly reconnectMs: number | null;
}

function requireTogether(options: ParsedOptions, slot: string | null): Given {
  const hint = 'Run dbctl wal receive --help.';
  const drop = options['dropSlot'] === true;
  if (slot === null && (drop || options['createSlot'] === true))
    fail('usage', `${drop ? '--drop-slot' : '--create-slot'} goes with --slot NAME`, { hint });
  if (drop && options['createSlot'] === true) fail('usage', '--create-slot and --drop-slot exclude each other', { hint });
  if (options['once'] === true && options['until'] !== undefined)
    fail('usage', '--once and --until exclude each other', { hint });
  const read = <T>(name: string, text: string, parse: (text: string) => T): T => {
    try {
      return parse(text);
    } catch (thrown) {
      return fail('usage', `${name}: ${(thrown as Error).message}`, { hint });
    }
  };
  const limit = options['maxSlotWal'] as string;
  const reconnect = options['reconnect'] as string | undefined;
  return {
    drop,
    maxSlotBytes: limit === '0' ? null : read('--max-slot-wal', limit, parseBytes),
    reconnectMs: reconnect === undefined ? null : read('--reconnect', reconnect, parseDuration),
  };
}

async function dropSlot(slot: string, context: Context): Promise<Answer> {
  const [{ withReplication }, target] = await Promise.all([import('../db/replication.ts'), context.connection()]);
  const host = target.hosts.map(({ host }) => host).join(', ');
  if (!context.globals.dryRun) {
    await context.confirm(`Drop slot ${slot} on ${host}? What it holds and nobody has received can then be thrown away.`);
    await withReplication(target, { applicationName: 'dbctl wal receive', signal: context.signal }, (on) => on.dropSlot(slot));
  }
  const message = context.globals.dryRun ? 'would be dropped' : 'dropped: the server can throw away what it held';
  return { ok: true, items: [item({ id: 'slot', object: slot, message })], summary: { slot } };
}

async function dryRun(request: ReceiveRequest): Promise<Answer> {
  const { foreseeReceive } = await import('../ops/wal/receive-session.ts');
  const { withReplication } = await import('../db/replication.ts');
  const over = { applicationName: 'dbctl wal receive', signal: request.signal };
  const { timeline, from, makesSlot } = await withReplication(request.target, over, (replication) =>
    foreseeReceive(replication, request),
  );
  const slot = makesSlot ? `, over slot ${request.slot}, which would be made` : '';
  const message = `would be received from ${from}, into ${request.repositories.map(({ name }) => name).join(', ')}${slot}`;
  return {
    ok: true,
    items: [item({ id: 'wal', object: `timeline ${timeline}`, message })],
    summary: { from, makesSlot },
  };
}

function slotName(text: string): string {
  if (/^[a-z0-9_]{1,63}$/.test(text)) return text;
  throw new Error('expected a slot name of lower-case letters, digits and _');
}

function lsn(text: string): bigint {
  return lsnNumber(text);
}
