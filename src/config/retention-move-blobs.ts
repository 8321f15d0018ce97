import type * as z from 'zod';
import { checkWord, identifier } from './forms.ts';
import { repository } from './repository.ts';
import { age, maxTime, thenWord, WHAT, WHY } from './retention-rule.ts';
import { duration, listOfDistinct, section, text, wholeNumber } from './values.ts';

const columns = section({
  location: identifier()
    .prefault('location')
    .describe('Column that says where the blob is: file:///…, a path below the folder, or s3://bucket/key.'),
  sha256: identifier().prefault('sha256').describe('Column with the SHA-256 of the blob: hexadecimal digits, or bytea.'),
  bytes: identifier().prefault('size_bytes').describe('Column that says how many bytes it has.'),
});

const from = listOfDistinct(repository, 'name', 'a list of places').check((payload: z.core.ParsePayload<readonly Place[]>) => {
  if (payload.value.length === 0)
    payload.issues.push({
      code: 'custom',
      input: payload.value,
      path: [],
      message: 'name at least one place: a folder or a bucket',
    });
  payload.value.forEach(({ type, as_of: asOf }, index) => {
    if (type === 'sftp')
      payload.issues.push({
        code: 'custom',
        input: type,
        path: [index, 'type'],
        message: 'blobs are moved from a folder or from a bucket',
      });
    if (asOf !== undefined)
      payload.issues.push({
        code: 'custom',
        input: asOf,
        path: [index, 'as_of'],
        message: 'what is read as it was then cannot be taken away',
      });
  });
});

type Place = z.output<typeof repository>;

/** Files and objects that proof rows refer to go to cold storage; the rows stay. */
export const moveBlobsRule = section({
  ...WHAT,
  by: identifier().describe(
    'Column the age is counted from: timestamptz, timestamp (read as UTC) or date. Without a moment in it (null, infinity) a blob stays.',
  ),
  where: text('SQL condition', /\S/, 'an SQL condition on one row')
    .optional()
    .describe(
      "Which rows of that age let their blobs go, as an SQL condition on one row, such as artifact_type <> 'DIFF'; default: all.",
    ),
  then: thenWord(
    'move-blobs',
    'What happens to the files and objects they refer to: copied into cold storage, read back, compared with the hash in the row, and removed. The rows stay.',
  ),
  columns: columns.prefault({}).describe('Columns of the row that are about its blob.'),
  from: from.describe(
    'Places blobs are moved from, written as those of archive.destinations: folders and buckets. Nothing else is touched.',
  ),
  destination: checkWord('the name of a destination such as cold')
    .optional()
    .describe('One of archive.destinations (default: the first).'),
  retain: age().optional().describe('How long a copy is meant to be kept, from when it is made: 7 years; stands in the record.'),
  batch: wholeNumber(1, 10_000).prefault(100).describe('Rows that are looked at together.'),
  pause: duration().prefault('100ms').describe('Wait between two batches.'),
  max_time: maxTime('10min'),
  ...WHY,
});
