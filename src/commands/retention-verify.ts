import type { CommandSpec, ParsedOptions } from '../core/command.ts';
import { fail } from '../core/errors.ts';
import { item, type Answer, type Item } from '../core/report.ts';
import type { KnownArchive } from '../ops/archive/store.ts';
import {
  ARCHIVE_IDENTITY_OPTION,
  ARCHIVE_SESSION,
  DESTINATION_OPTION,
  knownArchives,
  openArchives,
  type Archives,
} from './archive-context.ts';
import { sizeText } from './backup-context.ts';
import type { Context } from './context.ts';
import { withNotices } from './notices.ts';
import { RULE_OPTION } from './retention-context.ts';

export const spec: CommandSpec = {
  name: 'retention verify',
  summary: 'read archives where they lie, and compare with their signed manifests',
  description:
    'Needs no database: the signature, each stored file, and, where an identity opens what is encrypted, every row by the hash of what the ' +
    'server wrote. With --compare an archive is loaded beside the table it was made of, and compared row by row. With --record the copies that ' +
    'dbctl retention run made, and nobody else has read back yet, are compared so, and that is recorded in the database: only then does a run remove the rows. ' +
    'So are the copies of blobs, where rules move some: one line of a timer does both. Exit 1 where one is not what it was; nothing is recorded of it.\n\n' +
    'With --record: a login that is an archive verifier (immutability.archive_verifiers) and exported none of them; SELECT on the partitions, ' +
    'TEMPORARY on the database, membership in dbctl_auditor, and, where archives are encrypted, the identity that opens them.\n\n' +
    'With --blobs the files and objects that rules with `then: move-blobs` moved: each copy is read, and compared with the rows of the database that ' +
    'prove it. With --record only those that nobody else has read back yet, and what was found good is recorded in dbctl.blob_event: where dbctl.yaml names ' +
    'archive_verifiers, a blob is taken away from hot storage only after one of them has read its copy back. Needs SELECT on the tables and membership in dbctl_auditor.',
  effect: 'changes',
  args: [{ name: '[archive]', description: 'one archive (default: all of the destination)' }],
  options: [
    DESTINATION_OPTION,
    { flags: '--sample <n>', description: 'so many of them, by chance', parse: wholeNumber },
    { flags: '--compare', description: 'with the table in the database, which has to be as it was' },
    { flags: '--record', description: 'the copies that wait for it, with the login of somebody else than exported them' },
    { flags: '--blobs', description: 'the blobs of rules with then: move-blobs, in place of archives' },
    { ...RULE_OPTION, description: 'with --blobs: only those of this rule (default: all)' },
    ARCHIVE_IDENTITY_OPTION,
  ],
  examples: [
    ['dbctl retention verify', 'all of the first destination'],
    ['dbctl retention verify --sample 3', 'three by chance, every night'],
    [
      'dbctl retention verify lab-audit.audit_log_2025_10-16423-csv-1f0c9a7b2d3e4f50 --compare --env prod',
      'before its rows are removed',
    ],
    [
      'dbctl retention verify --record --env prod',
      'from a timer, as the verifier: partitions and blobs that wait are read back, compared and recorded',
    ],
    ['dbctl retention verify --blobs --sample 100 --env prod', 'a hundred blobs by chance, every night'],
    ['dbctl retention verify --blobs --record --env prod', 'of what waits the blobs alone'],
  ],
};

export const run = (options: ParsedOptions, context: Context): Promise<Answer> =>
  withNotices(spec.name, context, () => act(options, context));

async function act(options: ParsedOptions, context: Context): Promise<Answer> {
  if (options['blobs'] === true) return verifyBlobs(options, context);
  if (options['rule'] !== undefined) fail('usage', '--rule is for --blobs', { hint: 'Run dbctl retention verify --help.' });
  const id = options['archive'] as string | undefined;
  const compare = options['compare'] === true;
  if (options['record'] === true) return record(options, context);
  if (compare && id === undefined)
    fail('usage', '--compare needs the id of one archive', { hint: 'dbctl retention verify lists them.' });
  const archives = await openArchives(
    context,
    options['destination'] as string | undefined,
    options['identity'] as string | undefined,
  );
  const all = await knownArchives(archives, id);
  const chosen = sampled(all, options['sample'] as number | undefined);
  let bytes = 0;
  const step = context.progress.step(
    'read archives',
    chosen.reduce((sum, one) => sum + sizeOf(one), 0),
    'bytes',
  );
  const onBytes = (count: number) => {
    bytes += count;
    step.tick(count);
  };
  const items: Item[] = [];
  for (const known of chosen) items.push(await verified(known, archives, context, onBytes));
  step.done();
  if (compare) items.push(...(await compared(chosen, archives, context)));
  const bad = items.filter(({ status }) => status === 'fail').length;
  return {
    ok: bad === 0 && items.length > 0,
    items,
    summary: { destination: archives.destination.name, archives: chosen.length, of: all.length, bad, bytes },
    view: {
      columns: [
        { field: 'id', title: 'archive' },
        { field: 'rows', title: 'rows', align: 'right' },
        { field: 'message', title: '' },
      ],
      notes: [
        all.length === 0
          ? `${archives.destination.storage.place} holds no archive.`
          : `${chosen.length} of ${all.length} archives, ${sizeText(bytes)} read.`,
      ],
    },
  };
}

/** Which copies wait, and where they are, the database says. */
async function record(options: ParsedOptions, context: Context): Promise<Answer> {
  const other = ['compare', 'sample', 'destination'].find((name) => options[name] !== undefined);
  if (other !== undefined)
    fail('usage', `--record and --${other} do not go together`, {
      hint: 'With --record every copy that waits is compared, where it is.',
    });
  const { recordWaiting } = await import('./retention-verify-waiting.ts');
  return recordWaiting(options['archive'] as string | undefined, options['identity'] as string | undefined, context);
}

async function verifyBlobs(options: ParsedOptions, context: Context): Promise<Answer> {
  for (const [name, flag] of [
    ['archive', 'an archive'],
    ['compare', '--compare'],
    ['destination', '--destination'],
  ] as const)
    if (options[name] !== undefined)
      fail('usage', `${flag} and --blobs do not go together`, { hint: 'The rule says which destination its blobs are in.' });
  const { verifyBlobRules } = await import('./blob-verify.ts');
  return verifyBlobRules(
    {
      rules: options['rule'] as string[] | undefined,
      sample: options['sample'] as number | undefined,
      record: options['record'] === true,
      identity: options['identity'] as string | undefined,
    },
    context,
  );
}

async function verified(
  known: KnownArchive,
  { destination }: Archives,
  context: Context,
  onBytes: (bytes: number) => void,
): Promise<Item> {
  const { verifyArchive } = await import('../ops/archive/verify.ts');
  const { problems, depth } = await verifyArchive(destination, known, { onBytes, signal: context.signal });
  const { id } = known;
  const facts = known.state === 'sealed' ? { object: objectOf(known), rows: known.manifest.rows } : { object: id, rows: null };
  if (problems.length > 0) {
    const fix = 'take another copy of it, and find out what happened to this one';
    return item({
      id,
      ...facts,
      status: 'fail',
      severity: 'high',
      message: problems.map((one) => one.replace(`${id}: `, '')).join('; '),
      fix,
      depth,
    });
  }
  if (depth === 'rows') return item({ id, ...facts, message: 'every row as it was written', depth });
  const message = 'stored bytes as they were written; no identity opens it here, so no row was looked at';
  return item({ id, ...facts, status: 'unknown', severity: 'medium', message, fix: '--identity FILE', depth });
}

async function compared(chosen: readonly KnownArchive[], { destination }: Archives, context: Context): Promise<Item[]> {
  const [one] = chosen;
  if (one?.state !== 'sealed') return [];
  const { compareWithTable } = await import('../ops/archive/verify.ts');
  const step = context.progress.step('compare with the database', sizeOf(one), 'bytes');
  const options = { onBytes: (bytes: number) => step.tick(bytes), signal: context.signal };
  const facts = { id: one.id, object: objectOf(one), rows: one.manifest.rows };
  return context.withDatabase(ARCHIVE_SESSION, async (session) => {
    try {
      await compareWithTable(session, destination, one.manifest, options);
    } catch (thrown) {
      step.failed();
      const { DbctlError } = await import('../core/errors.ts');
      if (!(thrown instanceof DbctlError) || thrown.code !== 'archive.failed') throw thrown;
      return [
        item({ ...facts, status: 'fail', severity: 'high', message: thrown.message, fix: 'keep the rows in the database' }),
      ];
    }
    step.done();
    const roots = one.manifest.ledger === null ? '' : '; roots of the ledger as they were sealed';
    return [item({ ...facts, message: `every row as in the database${roots}` })];
  });
}

const sizeOf = (known: KnownArchive): number =>
  known.state === 'sealed' ? known.manifest.files.reduce((sum, { bytes }) => sum + bytes, 0) : 0;

const objectOf = ({ manifest }: KnownArchive & { state: 'sealed' }): string =>
  `${manifest.relation.schema}.${manifest.relation.name}`;

/** So many of them, each as likely as the others, in their order. */
function sampled(all: readonly KnownArchive[], count: number | undefined): readonly KnownArchive[] {
  if (count === undefined || count >= all.length) return all;
  const drawn = new Set(
    all
      .map((one) => ({ one, place: Math.random() }))
      .toSorted((a, b) => a.place - b.place)
      .slice(0, count)
      .map(({ one }) => one),
  );
  return all.filter((one) => drawn.has(one));
}

function wholeNumber(text: string): number {
  if (!/^[1-9]\d{0,5}$/.test(text)) throw new Error(`a whole number from 1 to 999999, not ${text}`);
  return Number(text);
}
