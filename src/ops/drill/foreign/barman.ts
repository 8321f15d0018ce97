import { readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fail } from '../../../core/errors.ts';
import { findAccount, type ServerAccount } from '../../process/account.ts';
import { runProgram } from '../../process/program.ts';
import { parseWalName } from '../../wal/segment.ts';
import {
  lastWords,
  runTool,
  type ForeignBackup,
  type ForeignPlace,
  type ForeignRestored,
  type ForeignSettings,
  type ForeignTool,
} from './tool.ts';

/** What `show-backup` says; only what is read here. Older versions say less. */
interface Shown {
  readonly backup_id: string;
  readonly status: string;
  readonly postgresql_version: number;
  readonly system_id?: string | null;
  readonly cluster_size_bytes?: number;
  readonly tablespaces?: readonly { readonly name: string; readonly oid: number | string }[] | null;
  readonly base_backup_information: {
    readonly end_time: string;
    readonly end_time_timestamp?: string;
    readonly backup_size_bytes?: number;
  };
}

/** Backups of one server. Barman becomes the user its configuration names, where root runs it. */
export function barman(server: string, settings: ForeignSettings): ForeignTool {
  const common = settings.config === undefined ? [] : ['-c', settings.config];
  const run = async (args: readonly string[]): Promise<string> => {
    const ended = await runTool(settings, [...common, ...args], undefined);
    if (ended.status === 0) return ended.stdout;
    return fail('backup.failed', `barman: ${lastWords(ended)}`, { hint: `Run barman check ${server}.` });
  };
  return {
    kind: 'barman',
    subject: server,
    version: async () => /\d+(?:\.\d+)+/.exec(await run(['--version']))?.[0] ?? 'unknown',
    newest: async () => shownBackup(server, await run(['-f', 'json', 'show-backup', server, 'latest'])),
    restore: (backup, place) => restore(server, backup, place, { settings, run }),
  };
}

/** What `show-backup` says of a backup. Fails with backup.failed where it is not done. Pure. */
export function shownBackup(server: string, json: string): ForeignBackup {
  const shown = (JSON.parse(json) as Readonly<Record<string, Shown>>)[server];
  if (shown?.status !== 'DONE') {
    return fail('backup.failed', `barman has no whole backup of ${server}: the newest is ${shown?.status ?? 'not there'}`, {
      hint: `barman list-backups ${server} shows what there is.`,
    });
  }
  const { end_time: text, end_time_timestamp: seconds, backup_size_bytes: size } = shown.base_backup_information;
  return {
    id: shown.backup_id,
    takenAt: new Date(seconds === undefined ? Date.parse(text) : Number(seconds) * 1000),
    sizeBytes: shown.cluster_size_bytes ?? size ?? 0,
    major: Math.floor(shown.postgresql_version / 10_000),
    systemIdentifier: shown.system_id ?? null,
    lastSegment: null,
    tablespaces: (shown.tablespaces ?? []).map(({ name, oid }) => ({ name, oid: String(oid) })),
  };
}

/** What it writes anew in the data folder. */
const CHANGED = [
  'postgresql.conf',
  'postgresql.conf.origin',
  'postgresql.auto.conf',
  'postgresql.auto.conf.origin',
  '.barman-recover.info',
  'recovery.signal',
];

interface Restoring {
  readonly settings: ForeignSettings;
  readonly run: (args: readonly string[]) => Promise<string>;
}

async function restore(
  server: string,
  { id, tablespaces: spaces }: ForeignBackup,
  { data, tablespaces, account }: ForeignPlace,
  { settings, run }: Restoring,
): Promise<ForeignRestored> {
  const own = account === undefined ? undefined : await barmanUser(settings);
  await give([data, tablespaces], own);
  const relocated = spaces.flatMap(({ name, oid }) => ['--tablespace', `${name}:${join(tablespaces, oid)}`]);
  // Without it a server would call barman for each segment; with it every one it has is beside the files.
  await run(['restore', '--no-get-wal', ...relocated, server, id, data]);
  // An archive recovery of what is beside the files: only there the server tells the time of the last commit.
  await writeFile(join(data, 'recovery.signal'), '', { mode: 0o600 });
  await give([data, tablespaces], account);
  const manifest = (await readdir(data)).find((name) => name === 'backup_manifest' || name.startsWith('backup_manifest.'));
  return {
    settings: `
restore_command = 'false'
recovery_target_timeline = 'latest'
`,
    lastSegment: lastSegmentOf(await readdir(join(data, 'pg_wal'))),
    manifest: manifest === undefined ? null : { path: join(data, manifest), changed: [...CHANGED, manifest] },
  };
}

/** The newest segment; without history files beside it there is one timeline. Pure. */
function lastSegmentOf(names: readonly string[]): string | null {
  return (
    names
      .filter((name) => parseWalName(name)?.kind === 'segment')
      .toSorted()
      .at(-1) ?? null
  );
}

/** `barman_user` of its configuration. Fails with backup.failed where there is no such user. */
async function barmanUser({ config = '/etc/barman.conf' }: ForeignSettings): Promise<ServerAccount> {
  const text = await readFile(config, 'utf8').catch(() => '');
  const name = /^\s*barman_user\s*=\s*"?([\w.-]+)/m.exec(text)?.[1] ?? 'barman';
  const found = await findAccount(name);
  return (
    found ?? fail('backup.failed', `there is no user ${name}, whom ${config} names`, { hint: 'Name another with --from-config.' })
  );
}

/** Links are given, and not what they lead to. */
async function give(folders: readonly string[], account: ServerAccount | undefined): Promise<void> {
  if (account === undefined) return;
  const ended = await runProgram({ file: 'chown', args: ['-Rh', `${account.uid}:${account.gid}`, ...folders] });
  if (ended.status !== 0) fail('backup.failed', `chown: ${lastWords(ended)}`, {});
}
