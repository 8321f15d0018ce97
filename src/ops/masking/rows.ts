import { join } from 'node:path';
import { fail } from '../../core/errors.ts';
import { literal } from '../../db/ident.ts';
import type { ClientEnvironment } from '../backup/client-environment.ts';
import { whatWasSaid } from '../backup/programs.ts';
import type { ClientProgram } from '../tools/program.ts';
import { runClient } from '../tools/run.ts';
import { SALT, type MaskedTable } from './plan.ts';

export interface RowsRequest {
  readonly psql: ClientProgram;
  readonly environment: ClientEnvironment;
  /** Name of the exported snapshot. */
  readonly snapshot: string;
  readonly serverVersion: number;
  /** Folder of the masked dump. */
  readonly made: string;
  readonly signal: AbortSignal;
}

/** Where the rows of a table are, by its place in the plan. */
export const dataFile = (index: number): string => `data/${String(index + 1).padStart(4, '0')}.copy`;

/** By the server, since a log of statements would show one of ours. Two random uuids are 244 bits. */
const NEW_SALT = `select pg_catalog.set_config('${SALT}', pg_catalog.encode(pg_catalog.sha256(pg_catalog.convert_to(
  pg_catalog.concat(pg_catalog.gen_random_uuid(), pg_catalog.gen_random_uuid()), 'UTF8')), 'hex'), true) \\g /dev/null`;

/**
 * Writes the masked rows of each table into a file, all in one session, whose salt ends with it. Returns how many rows of each table came.
 * Fails with backup.failed, and tells no value.
 */
export async function writeRows(tables: readonly MaskedTable[], request: RowsRequest): Promise<Record<string, number>> {
  const { psql, environment, made, signal } = request;
  const input = [
    ...opening(request),
    NEW_SALT,
    ...tables.map(({ query }, index) => `\\copy (${query}) to ${psqlQuoted(join(made, dataFile(index)))}`),
    'commit;',
  ];
  const args = ['--no-psqlrc', '--no-password', '--set=ON_ERROR_STOP=1', '--file=-'];
  const ended = await runClient(psql, {
    args,
    variables: environment,
    paths: [made],
    input: `${input.join('\n')}\n`,
    signal,
  });
  const { status, stdout, stderr } = ended;
  if (status !== 0 || whatWasSaid(stderr) !== '') {
    // Its first line has the place in our script; what the server says of a value is a value, and stays away.
    const said = /ERROR: {2}([^\n]*)/.exec(stderr)?.[1] ?? `exit ${status}`;
    fail('backup.failed', `psql: ${said}`, { hint: 'Nothing was written. Mend what it says, and run it again.' });
  }
  const counts = [...stdout.matchAll(/^COPY (\d+)$/gm)].map(([, count]) => Number(count));
  return Object.fromEntries(tables.map(({ name }, index) => [name, counts[index] ?? 0]));
}

const opening = ({ snapshot, serverVersion }: RowsRequest): string[] => [
  ...(serverVersion >= 170_000 ? ['set transaction_timeout = 0;'] : []),
  'begin isolation level repeatable read, read only;',
  `set transaction snapshot ${literal(snapshot)};`,
  'set local search_path = pg_catalog;',
  'set local row_security = off;',
  'set local statement_timeout = 0;',
  'set local idle_in_transaction_session_timeout = 0;',
];

const psqlQuoted = (path: string): string => `'${path.replaceAll("'", "''").replaceAll('\\', '\\\\')}'`;
