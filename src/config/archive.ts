import { identity } from './backup.ts';
import { path } from './forms.ts';
import { repository } from './repository.ts';
import { choice, listOf, listOfDistinct, section, text, wholeNumber } from './values.ts';

const encryption = section({
  recipients: listOf(
    text('recipient', /^age1[02-9ac-hj-np-z]{58}$/, 'a recipient as dbctl backup key prints it: age1 and 58 more characters'),
    'a list of recipients',
  )
    .prefault([])
    .describe('Public keys of age that new archives are encrypted to; empty: nothing is encrypted.'),
  identity: identity
    .optional()
    .describe('What opens them again, for verify and restore: {file: PATH}, {variable: NAME} or {command: [PROGRAM, …]}.'),
  work: path()
    .optional()
    .describe('Folder for what is plain for a moment while Parquet is read; default: the temporary folder of the system.'),
});

/** Rows that leave the database: where to, and how. */
export const archive = section({
  destinations: listOfDistinct(repository, 'name', 'a list of destinations')
    .prefault([])
    .describe('Places archives are kept, written as those of backup.repositories; the first is taken unless another is named.'),
  format: choice(['csv.gz', 'parquet'])
    .prefault('csv.gz')
    .describe('csv.gz: what COPY writes, packed; restored by psql alone. parquet: columns with types, for DuckDB and Spark.'),
  parquet_writer: choice(['built-in', 'duckdb'])
    .prefault('built-in')
    .describe(
      'Who writes Parquet: dbctl itself, or DuckDB in a process of its own that takes 150 MB more, with the package @duckdb/node-api, which the project installs.',
    ),
  retain_days: wholeNumber(1, 36_500)
    .optional()
    .describe(
      'For how many days an archive is meant to be kept; stands in its manifest. An object lock of the destination has to hold as long.',
    ),
  encryption: encryption.prefault({}).describe('Who can read the archives.'),
}).check((payload) => {
  const { destinations, retain_days: days } = payload.value;
  destinations.forEach(({ name, lock }, index) => {
    if (days === undefined || lock === undefined || lock.days >= days) return;
    const message = `the lock of ${name} ends after ${lock.days} days, and retain_days says ${days}`;
    payload.issues.push({ code: 'custom', input: lock.days, path: ['destinations', index, 'lock', 'days'], message });
  });
});
