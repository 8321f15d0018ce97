import * as z from 'zod';
import { bucketName, checkWord, endpoint, identifier, path, qualifiedName, region, slug, variableName } from './forms.ts';
import { choice, duration, kinds, listOf, section, text, wholeNumber } from './values.ts';

export const words = () =>
  z
    .array(text('word', /\S/, 'a word'), { error: 'expected a list of words' })
    .min(1, { error: 'expected a list of words' })
    .register(kinds, { name: 'list', reads: 'list' });

const key = section({
  variable: variableName().optional().describe('Environment variable that holds the private key.'),
  file: path().optional().describe('File of mode 0600 that holds the private key, relative to the folder of dbctl.yaml.'),
  command: words()
    .optional()
    .describe('Program and arguments: the message comes on standard input, the base64 signature goes to standard output.'),
}).refine((value) => [value.variable, value.file, value.command].filter((one) => one !== undefined).length === 1, {
  error: 'names no key, or more than one: write {variable: NAME}, {file: PATH} or {command: [PROGRAM, …]}',
  params: { absent: ['variable', 'file', 'command'] },
  when: ({ value }) => typeof value === 'object' && value !== null,
});

export const signer = section({
  name: slug().describe('Name of the key in signatures, such as learning-lab-ledger.'),
  key: key.describe(
    'Where the Ed25519 private key is, {variable: NAME}, {file: PATH} or {command: [PROGRAM, …]}: never in the database whose owner it has to convict.',
  ),
  // One value: an overlay that names a variable replaces the file, and does not stand beside it.
}).register(kinds, { name: 'mapping', reads: 'list' });

/** Keys whose signatures are good, as `dbctl ledger key` prints them. */
export const verifierKeys = () =>
  listOf(
    text('verifier key', /^[^\s+]+\+[0-9a-f]{8}\+[A-Za-z0-9+/]+=*$/, 'a verifier key as dbctl ledger key prints it'),
    'a list of verifier keys',
  ).prefault([]);

/** Keys by which one type of sink differs from another. */
const NEEDS: Readonly<Record<string, readonly string[]>> = {
  folder: ['path'],
  git: ['repository', 'branch'],
  s3: ['bucket', 'region'],
  log: [],
};
const OPTIONAL: Readonly<Record<string, readonly string[]>> = {
  folder: [],
  git: ['remote'],
  s3: ['prefix', 'endpoint', 'retain_days', 'mode'],
  log: ['path'],
};

const sink = section({
  name: checkWord('a name such as evidence-bucket').describe('Name of the sink in receipts.'),
  type: choice(['folder', 'git', 's3', 'log']).describe('What kind of place it is.'),
  path: path()
    .optional()
    .describe('folder: the folder; log: the file lines are appended to. Relative to the folder of dbctl.yaml.'),
  repository: path().optional().describe('git: the repository, relative to the folder of dbctl.yaml.'),
  branch: text('branch', /^[A-Za-z0-9][A-Za-z0-9._/-]*$/, 'the name of a branch')
    .optional()
    .describe('git: the branch notes are committed to; nothing else may be on it.'),
  remote: text('remote', /^[A-Za-z0-9][A-Za-z0-9._-]*$/, 'the name of a remote')
    .optional()
    .describe('git: where the branch is pushed to.'),
  bucket: bucketName().optional().describe('s3: the bucket.'),
  prefix: text('prefix', /^[A-Za-z0-9!_.*'()/-]+$/, 'the beginning of object keys')
    .optional()
    .describe('s3: what object keys begin with.'),
  region: region().optional().describe('s3: the region.'),
  endpoint: endpoint().optional().describe('s3: the address of a compatible service.'),
  retain_days: wholeNumber(1, 36_500)
    .optional()
    .describe('s3: for how many days object lock keeps each note from being deleted.'),
  mode: choice(['governance', 'compliance'])
    .optional()
    .describe('s3: mode of the object lock; compliance binds everybody, root too.'),
}).check((payload) => {
  const { type } = payload.value;
  const given = new Set(Object.entries(payload.value).flatMap(([name, value]) => (value === undefined ? [] : [name])));
  const problem = (message: string) => payload.issues.push({ code: 'custom', input: payload.value, path: [], message });
  for (const name of NEEDS[type] ?? []) if (!given.has(name)) problem(`a sink of type ${type} needs ${name}`);
  const known = new Set(['name', 'type', ...(NEEDS[type] ?? []), ...(OPTIONAL[type] ?? [])]);
  for (const name of given) if (!known.has(name)) problem(`a sink of type ${type} has no ${name}`);
  if (given.has('mode') !== given.has('retain_days')) problem('mode and retain_days go together');
});

const named = <Schema extends z.ZodType<{ name: string }>>(entry: Schema) =>
  z
    .array(entry, { error: 'expected a list of sinks' })
    .check((payload) => {
      payload.value.forEach((one, index) => {
        if (payload.value.findIndex(({ name }) => name === one.name) === index) return;
        payload.issues.push({
          code: 'custom',
          input: one.name,
          path: [index, 'name'],
          message: `${JSON.stringify(one.name)} is listed twice`,
        });
      });
    })
    .register(kinds, { name: 'list of mappings', reads: 'list' });

export const ledger = section({
  tables: listOf(qualifiedName(), 'a list of tables')
    .optional()
    .describe('Tables whose rows are sealed; default: every table of immutability.tables. Each has the column named below.'),
  xid_column: identifier()
    .prefault('recorded_xid')
    .describe('Column of type xid8, filled by default pg_current_xact_id(): which transaction inserted the row.'),
  interval: duration()
    .prefault('60s')
    .describe('How often a checkpoint is made with --watch; what a superuser changes within it is not found.'),
  sample: wholeNumber(0, 1_000_000)
    .prefault(20)
    .describe('How many old windows `ledger verify` hashes again at random, besides the new ones.'),
  signer: signer
    .optional()
    .describe(
      'The key checkpoints are signed with: {name: NAME, key: {variable: NAME}}, or {file: PATH} or {command: [PROGRAM, …]} as key.',
    ),
  public_keys: verifierKeys().describe(
    'Keys whose signatures are good, past ones too; without any it is the key of the signer, where that is at hand.',
  ),
  sinks: named(sink)
    .prefault([])
    .describe('Places outside the database checkpoints are published to; two or more, with different owners.'),
});
