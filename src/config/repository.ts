import * as z from 'zod';
import { bucketName, checkWord, endpoint, path, region, variableName } from './forms.ts';
import { choice, kinds, section, text, wholeNumber, yesOrNo } from './values.ts';

/** Where a secret is; never the secret. */
const place = (what: string) =>
  section({
    variable: variableName().optional().describe(`Environment variable that holds ${what}.`),
    file: path().optional().describe(`File of mode 0600 that holds ${what}, relative to the folder of dbctl.yaml.`),
  })
    .refine((value) => (value.variable === undefined) !== (value.file === undefined), {
      error: 'names no place, or two: write {variable: NAME} or {file: PATH}',
      params: { absent: ['variable', 'file'] },
      when: ({ value }) => typeof value === 'object' && value !== null,
    })
    .meta({ oneOf: [{ required: ['variable'] }, { required: ['file'] }] });

const lock = section({
  mode: choice(['governance', 'compliance']).describe(
    'Governance: who has a special right can end it early. Compliance: nobody can, root neither.',
  ),
  days: wholeNumber(1, 36_500).describe('For how many days nobody can remove a file, from when it is stored.'),
  legal_hold: yesOrNo().prefault(false).describe('Besides, until somebody takes the hold off each object.'),
});

/** By these names: what stands under them is never quoted in a message. */
const credentials = section({
  id: place('the id of the access key').describe('The id of the access key.'),
  secret: place('the secret access key').describe('The secret access key.'),
});

const UNITS: Readonly<Record<string, number>> = { kB: 1_000, MB: 1_000_000, GB: 1_000_000_000 };

/** Slower than this a stride of the pace would take longer than a connection stays silent in peace. */
const SLOWEST = 64_000;

/** `20MB` in the file, 20,000,000 once loaded. */
function rate() {
  const error = 'expected bytes a second such as 20MB, from 64kB to 999999GB';
  const schema = z
    .string({ error })
    .regex(/^[1-9]\d{0,5}(?:kB|MB|GB)$/, { error })
    .transform((written, context) => {
      const bytes = Number.parseInt(written, 10) * (UNITS[written.slice(-2)] ?? Number.NaN);
      if (bytes < SLOWEST) context.addIssue({ code: 'custom', message: error });
      return bytes;
    });
  return schema.register(kinds, { name: 'bytes a second', reads: 'text' });
}

/** Keys by which one type of repository differs from another. */
const NEEDS: Readonly<Record<string, readonly string[]>> = {
  folder: ['path'],
  s3: ['bucket', 'region'],
  sftp: ['host', 'path'],
};
const OPTIONAL: Readonly<Record<string, readonly string[]>> = {
  folder: [],
  s3: ['prefix', 'endpoint', 'path_style', 'credentials', 'lock', 'checksums', 'as_of', 'rate_limit', 'work'],
  sftp: ['port', 'user', 'key_file', 'known_hosts', 'rate_limit', 'work'],
};
const COMMON = ['name', 'type'];

/** A place backups are kept: a folder, a bucket, or a folder of another machine. */
export const repository = section({
  name: checkWord('a name such as nightly').describe('Name of the repository in reports.'),
  type: choice(['folder', 's3', 'sftp']).describe('What kind of place it is.'),
  path: path()
    .optional()
    .describe(
      'folder: the folder, relative to the folder of dbctl.yaml. sftp: the folder on the other machine, relative to where a login begins.',
    ),
  bucket: bucketName().optional().describe('s3: the bucket.'),
  prefix: text('prefix', /^(?!\/)(?!.*\/\/)[A-Za-z0-9!_.*'()/-]+\/$/, 'the beginning of object keys, ending with /')
    .optional()
    .describe('s3: what object keys begin with, such as lab/.'),
  region: region().optional().describe('s3: the region.'),
  endpoint: endpoint().optional().describe('s3: the address of a compatible service.'),
  path_style: yesOrNo()
    .optional()
    .describe('s3: the bucket in the path of a request instead of its host name; default: true with an endpoint.'),
  credentials: credentials
    .optional()
    .describe(
      's3: the access key, {id: {variable: NAME}, secret: {file: PATH}}; default: as the AWS tools find it (variables, profile, role).',
    ),
  lock: lock.optional().describe('s3: object lock of each file, {mode: compliance, days: 30}; default: what the bucket does.'),
  checksums: choice(['sha256', 'when_required'])
    .optional()
    .describe('s3: when_required for a service that refuses SHA-256 (default: sha256).'),
  as_of: text(
    'time',
    /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\dZ$/,
    'a time such as 2026-11-21T09:15:00Z',
  )
    .optional()
    .describe('s3: read the bucket as it was then, and write nothing; for a bucket with versions.'),
  host: text('host', /^[A-Za-z0-9](?:[A-Za-z0-9.:_-]*[A-Za-z0-9])?$/, 'a host name, or a name of ~/.ssh/config')
    .optional()
    .describe('sftp: the other machine.'),
  port: wholeNumber(1, 65_535).optional().describe('sftp: its port; default: as ssh has it.'),
  user: text('user', /^[A-Za-z_][A-Za-z0-9._-]*\$?$/, 'the name of a user')
    .optional()
    .describe('sftp: whom to log in as; default: as ssh has it.'),
  key_file: path()
    .optional()
    .describe('sftp: the private key, relative to the folder of dbctl.yaml; default: the agent and the keys of ssh.'),
  known_hosts: path()
    .optional()
    .describe('sftp: file with the key of the other machine, which has to be known beforehand; default: that of ssh.'),
  rate_limit: rate()
    .optional()
    .describe('s3, sftp: bytes a second, of all transfers together, such as 20MB; default: as fast as it goes.'),
  work: path()
    .optional()
    .describe('s3, sftp: folder of this machine for what is on its way; default: .dbctl/NAME beside dbctl.yaml.'),
}).check((payload) => {
  const { type } = payload.value;
  const given = new Set(Object.entries(payload.value).flatMap(([name, value]) => (value === undefined ? [] : [name])));
  const problem = (message: string) => payload.issues.push({ code: 'custom', input: payload.value, path: [], message });
  const known = new Set([...COMMON, ...(NEEDS[type] ?? []), ...(OPTIONAL[type] ?? [])]);
  for (const name of NEEDS[type] ?? []) if (!given.has(name)) problem(`a repository of type ${type} needs ${name}`);
  for (const name of given) if (!known.has(name)) problem(`a repository of type ${type} has no ${name}`);
});

export type RepositoryEntry = z.output<typeof repository>;
