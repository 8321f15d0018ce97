import type { CommandSpec, ParsedOptions } from '../core/command.ts';
import { fail } from '../core/errors.ts';
import { item, type Answer } from '../core/report.ts';
import type { ArchiveManifest } from '../ops/archive/manifest.ts';
import {
  ARCHIVE_ARGUMENT,
  ARCHIVE_IDENTITY_OPTION,
  ARCHIVE_SESSION,
  chooseArchive,
  DESTINATION_OPTION,
  openArchives,
  type Archives,
} from './archive-context.ts';
import type { Context } from './context.ts';
import { attachAgain, attachOptions } from './retention-restore-attach.ts';

export const spec: CommandSpec = {
  name: 'retention restore',
  summary:
    'bring an archive back, into a new table or attached to the one it left, or a blob, and compare it with what was archived',
  description:
    'With --into the table gets the columns the rows had, without keys, defaults, guards and grants: it is there to be looked into. With --attach ' +
    'a partition comes back to the append-only table that it left by right: with its keys and indexes, guarded, and fenced, so that it stays what ' +
    'its copy is; when its time is over the next retention run removes it as before. Every row is compared with the signed manifest, and with what ' +
    'the ledger sealed, before it is there for others; where they differ nothing is left. Needs create in the schema; to attach, a role of ' +
    'immutability.archivers that may make temporary tables and read the records of dbctl.\n\n' +
    'With --blob a file or an object that a rule with `then: move-blobs` moved comes back, to every place its rows say it was in, or to a file: ' +
    'compared with the hash in its row, never over something else that is there, and recorded in dbctl.blob_event. Needs SELECT on the table, ' +
    'membership in dbctl_auditor, and to be one of immutability.archivers.',
  effect: 'changes',
  args: [{ ...ARCHIVE_ARGUMENT, name: '[archive]' }],
  options: [
    { flags: '--into <table>', description: 'schema.table, which must not be there' },
    { flags: '--attach', description: 'to the table it is a partition of' },
    { flags: '--for <time>', description: 'with --attach: how long it stays (default: 30 days)', parse: stay },
    { flags: '--reason <text>', description: 'with --attach: why, for the record' },
    { flags: '--blob <blob>', description: 'SHA-256 of a blob, or the primary key of its row, in place of an archive' },
    { flags: '--to <file>', description: 'with --blob: a new file (default: where its rows say it was)' },
    { flags: '--rule <name>', description: 'with --blob: the rule it was moved by, where there are several' },
    DESTINATION_OPTION,
    ARCHIVE_IDENTITY_OPTION,
  ],
  examples: [
    [
      'dbctl retention restore lab-audit.audit_log_2025_10-16423-csv-1f0c9a7b2d3e4f50 --into cold.audit_log_2025_10',
      'to look into it',
    ],
    [
      'dbctl retention restore lab-audit.audit_log_2025_10-16423-csv-1f0c9a7b2d3e4f50 --attach --for "14 days" --reason "audit of 2025" --env prod',
      'for an auditor, who asks the application',
    ],
    [
      'dbctl retention restore --blob 0199a1b2-0000-7000-8000-000000000001 --to proof.log --env prod',
      'the blob of one row, to look into it',
    ],
    [
      'dbctl retention restore --blob 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08 --env prod',
      'back to where it was',
    ],
  ],
};

const VIEW = {
  columns: [
    { field: 'object', title: 'table' },
    { field: 'rows', title: 'rows', align: 'right' as const },
    { field: 'message', title: '' },
  ],
};

export async function run(options: ParsedOptions, context: Context): Promise<Answer> {
  if (options['blob'] !== undefined) return restoreBlob(options, context);
  for (const [name, flag] of [
    ['to', '--to'],
    ['rule', '--rule'],
  ] as const)
    if (options[name] !== undefined) fail('usage', `${flag} is for --blob`, { hint: 'Run dbctl retention restore --help.' });
  if (options['archive'] === undefined)
    fail('usage', 'say what is to come back: the id of an archive, or --blob', {
      hint: 'dbctl retention verify lists archives.',
    });
  const attach = attachOptions(options);
  const into = options['into'] as string | undefined;
  if ((into === undefined) === (attach === null))
    return fail('usage', 'say where the rows are to go, once: --into TABLE or --attach', {
      hint: 'A new table to look into: --into cold.audit_log_2025_10. Back where they were: --attach --reason TEXT.',
    });
  const archives = await openArchives(
    context,
    options['destination'] as string | undefined,
    options['identity'] as string | undefined,
  );
  const manifest = await chooseArchive(archives, options['archive'] as string);
  if (into !== undefined) return intoTable(archives, manifest, into, context);
  return attachAgain(archives, manifest, attach ?? fail('usage', '--attach is missing'), VIEW, context);
}

async function intoTable(archives: Archives, manifest: ArchiveManifest, into: string, context: Context): Promise<Answer> {
  const facts = { id: manifest.id, object: into, rows: manifest.rows };
  if (context.globals.dryRun)
    return {
      ok: true,
      items: [item({ ...facts, message: `would come from ${manifest.id}` })],
      summary: { rows: manifest.rows },
      view: VIEW,
    };
  const { restoreArchive } = await import('../ops/archive/restore.ts');
  const step = context.progress.step(`restore into ${into}`, bytesOf(manifest), 'bytes');
  return context.withDatabase(ARCHIVE_SESSION, async (session) => {
    const reading = { onBytes: (bytes: number) => step.tick(bytes), signal: context.signal };
    const { rows } = await restoreArchive(session, archives.destination, manifest, into, reading).catch((thrown: unknown) => {
      step.failed();
      throw thrown;
    });
    step.done();
    const roots = manifest.ledger === null ? '' : ', roots of the ledger as they were sealed';
    return {
      ok: true,
      items: [item({ ...facts, message: `every row as it was archived${roots}` })],
      summary: { archive: manifest.id, into, rows },
      target: context.target(session),
      view: { ...VIEW, notes: [`${into} has no keys, guards or grants: drop it when it was looked into.`] },
    };
  });
}

const bytesOf = ({ files }: ArchiveManifest): number => files.reduce((sum, { bytes }) => sum + bytes, 0);

/** As ages of rules are written. */
function stay(text: string): string {
  if (!/^[1-9]\d{0,3} (?:hour|day|week|month)s?$/.test(text))
    throw new Error(`a number and a unit such as 14 days, 8 hours or 2 months, not ${text}`);
  return text;
}

async function restoreBlob(options: ParsedOptions, context: Context): Promise<Answer> {
  for (const [name, flag] of [
    ['archive', 'an archive'],
    ['into', '--into'],
    ['attach', '--attach'],
    ['destination', '--destination'],
  ] as const)
    if (options[name] !== undefined)
      fail('usage', `${flag} and --blob do not go together`, { hint: 'Run dbctl retention restore --help.' });
  const { restoreBlobOf } = await import('./blob-restore.ts');
  return restoreBlobOf(
    {
      blob: String(options['blob']),
      to: options['to'] as string | undefined,
      rule: options['rule'] as string | undefined,
      identity: options['identity'] as string | undefined,
    },
    context,
  );
}
