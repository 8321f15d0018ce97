import { drill } from './drill.ts';
import { path, variableName } from './forms.ts';
import { signer, verifierKeys, words } from './ledger.ts';
import { masking } from './masking.ts';
import { hooks, notify } from './notices.ts';
import { repository } from './repository.ts';
import { choice, duration, kinds, listOf, listOfDistinct, section, text, wholeNumber } from './values.ts';

const keep = section({
  last: wholeNumber(1, 10_000).prefault(1).describe('The newest backups, at least this many, however old.'),
  daily: wholeNumber(0, 10_000).prefault(7).describe('The newest of each of this many days that have one (UTC).'),
  weekly: wholeNumber(0, 10_000).prefault(0).describe('The newest of each of this many weeks (ISO 8601).'),
  monthly: wholeNumber(0, 10_000).prefault(0).describe('The newest of each of this many months.'),
  yearly: wholeNumber(0, 10_000).prefault(0).describe('The newest of each of this many years.'),
});

/** Where the private half of a recipient is. */
export const identity = section({
  variable: variableName().optional().describe('Environment variable that holds the identity.'),
  file: path().optional().describe('File of mode 0600 that holds the identity, relative to the folder of dbctl.yaml.'),
  command: words()
    .optional()
    .describe(
      'Program and arguments: key.age comes on standard input, what is in it goes to standard output, as age --decrypt does.',
    ),
})
  .refine((value) => [value.variable, value.file, value.command].filter((one) => one !== undefined).length === 1, {
    error: 'names no identity, or more than one: write {variable: NAME}, {file: PATH} or {command: [PROGRAM, …]}',
    params: { absent: ['variable', 'file', 'command'] },
    when: ({ value }) => typeof value === 'object' && value !== null,
  })
  .register(kinds, { name: 'mapping', reads: 'list' });

const encryption = section({
  recipients: listOf(
    text('recipient', /^age1[02-9ac-hj-np-z]{58}$/, 'a recipient as dbctl backup key prints it: age1 and 58 more characters'),
    'a list of recipients',
  )
    .prefault([])
    .describe('Public keys of age that new backups and the archive of the log are encrypted to; empty: nothing is encrypted.'),
  identity: identity
    .optional()
    .describe(
      'What opens them again, for restores: {file: PATH}, {variable: NAME} or {command: [PROGRAM, …]}. Not on machines that only back up.',
    ),
  work: path()
    .optional()
    .describe(
      'Folder for what is plain for a moment, dumps before and restores after encryption; default: the temporary folder of the system.',
    ),
});

export const backup = section({
  programs: path()
    .optional()
    .describe('Folder of pg_dump and the other client programs; default: the newest that fit, on PATH and in the usual folders.'),
  container_image: text('image', /^[\w][\w./:@-]*$/, 'the name of an image, such as postgres:18, or none')
    .optional()
    .describe(
      'Image of Docker or Podman whose client programs are run where this machine has none; one that is there, by tag or digest: dbctl fetches none. Default: postgres:MAJOR; none: no container is used.',
    ),
  repositories: listOfDistinct(repository, 'name', 'a list of repositories')
    .prefault([])
    .describe('Places backups are kept; the first is the one restores come from unless another is named.'),
  signer: signer.optional().describe('The key manifests are signed with; default: that of ledger.signer.'),
  public_keys: verifierKeys().describe('Keys whose manifests are good; default: those of the ledger, or the key of the signer.'),
  encryption: encryption.prefault({}).describe('Who can read the backups.'),
  compression: choice(['auto', 'zstd', 'gzip', 'none'])
    .prefault('auto')
    .describe(
      'Of base backups and the log. auto: zstd where Node.js (from 22.15) or a program zstd has it, else gzip. Dumps are always zstd.',
    ),
  keep: keep.prefault({}).describe('What backup prune leaves.'),
  max_age: duration().prefault('26h').describe('How old the newest backup may be before backup status says no.'),
  dropped: listOf(text('name', /\S/, 'the name of a database'), 'a list of databases')
    .prefault([])
    .describe(
      'Databases that are no more, as NAME or NAME of ENVIRONMENT: their last backup stays, and backup status no longer asks for a newer one.',
    ),
  drill_days: wholeNumber(1, 3_650)
    .prefault(100)
    .describe('How many days ago the newest passed drill may be before backup status says no.'),
  drill: drill.prefault({}).describe('What a drill asks of a restored backup.'),
  jobs: wholeNumber(1, 64).prefault(2).describe('Sessions that dump or restore at the same time.'),
  lock_wait: duration()
    .prefault('30s')
    .describe('How long a dump waits for a table somebody is altering; then it fails, and says who.'),
  masking: masking.prefault({}).describe('What backup mask replaces in a dump for developers.'),
  hooks: hooks.prefault({}).describe('Programs around backup create, drill, sync and prune.'),
  notify: notify('`backup create`, `drill`, `sync` and `prune`'),
});
