import { fail } from '../../../core/errors.ts';
import type { ServerAccount } from '../../process/account.ts';
import {
  lastWords,
  requirePlainWord,
  runTool,
  type ForeignBackup,
  type ForeignPlace,
  type ForeignRestored,
  type ForeignSettings,
  type ForeignTool,
} from './tool.ts';

/** What `info --output=json` says of one stanza; only what is read here. */
interface Stanza {
  readonly name: string;
  readonly status: { readonly code: number; readonly message: string };
  readonly db: readonly {
    readonly id: number;
    readonly 'repo-key'?: number;
    readonly 'system-id': string;
    readonly version: string;
  }[];
  readonly archive: readonly { readonly database: Database; readonly max: string | null }[];
  readonly backup: readonly {
    readonly label: string;
    readonly error: boolean | null;
    readonly database: Database;
    readonly timestamp: { readonly stop: number };
    readonly info: { readonly size: number };
  }[];
}

interface Database {
  readonly id: number;
  readonly 'repo-key'?: number;
}

/** Backups of one stanza. `account` runs the program: whom the server will run as, since the server calls it, too. */
export function pgBackRest(stanza: string, settings: ForeignSettings, account: ServerAccount | undefined): ForeignTool {
  const common = [...(settings.config === undefined ? [] : [`--config=${settings.config}`]), '--log-level-file=off'];
  // The server runs it, too.
  for (const word of [settings.program, ...common]) requirePlainWord(word);
  const run = async (args: readonly string[]): Promise<string> => {
    const ended = await runTool(settings, args, account);
    if (ended.status === 0) return ended.stdout;
    return fail('backup.failed', `pgbackrest: ${lastWords(ended)}`, { hint: 'Run pgbackrest check and pgbackrest info.' });
  };
  return {
    kind: 'pgbackrest',
    subject: stanza,
    version: async () => (await run(['version'])).trim().replace(/^pgBackRest /, ''),
    newest: async () => newestOf(stanza, await run([...common, `--stanza=${stanza}`, '--output=json', 'info'])),
    restore: (backup, place) => restore(backup, place, { stanza, run, common, program: settings.program }),
  };
}

/** The newest backup `info` knows, with the end of its archive. Fails with backup.failed where there is none, or it has page errors. Pure. */
export function newestOf(stanza: string, json: string): ForeignBackup {
  // An unsigned 64-bit number does not fit a JavaScript number.
  const all = JSON.parse(json.replaceAll(/("system-id":)(\d+)/g, '$1"$2"')) as readonly Stanza[];
  const found = all.find(({ name }) => name === stanza);
  const last = found?.backup.at(-1);
  if (found === undefined || last === undefined) {
    return fail('backup.failed', `pgbackrest has no backup of ${stanza}: ${found?.status.message ?? 'no such stanza'}`, {
      hint: 'pgbackrest info shows what there is.',
    });
  }
  if (last.error === true) {
    return fail('backup.failed', `pgbackrest found pages with wrong checksums while it made ${last.label}`, {
      hint: 'pgbackrest info --set shows where; look at the disk of the server.',
    });
  }
  const same = (one: Database) => one.id === last.database.id && one['repo-key'] === last.database['repo-key'];
  const database = found.db.find((one) => same(one));
  return {
    id: last.label,
    takenAt: new Date(last.timestamp.stop * 1000),
    sizeBytes: last.info.size,
    major: Number.parseInt(database?.version ?? '0', 10),
    systemIdentifier: database?.['system-id'] ?? null,
    lastSegment: found.archive.find((one) => same(one.database))?.max ?? null,
    tablespaces: [],
  };
}

interface Restoring {
  readonly stanza: string;
  readonly run: (args: readonly string[]) => Promise<string>;
  readonly common: readonly string[];
  readonly program: string;
}

async function restore(
  { id, lastSegment }: ForeignBackup,
  { data, tablespaces }: ForeignPlace,
  { stanza, run, common, program }: Restoring,
): Promise<ForeignRestored> {
  const subject = [...common, `--stanza=${stanza}`, `--pg1-path=${data}`];
  await run([...subject, `--set=${id}`, '--type=default', `--tablespace-map-all=${tablespaces}`, 'restore']);
  const fetch = [program, ...subject, '--log-level-console=off', '--no-archive-async', 'archive-get']
    .map(requirePlainWord)
    .join(' ');
  return {
    // The server takes every status up to 125 for the end of the log, and 1 alone says that a segment is not there.
    settings: `
restore_command = '${fetch} %f "%p"; s=$?; [ $s -le 1 ] && exit $s; exit 255'
recovery_target_timeline = 'latest'
`,
    lastSegment,
    manifest: null,
  };
}
