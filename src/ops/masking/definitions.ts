import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Session } from '../../db/session.ts';
import type { ClientEnvironment } from '../backup/client-environment.ts';
import { RESTRICT_KEY } from '../backup/parts.ts';
import { programRunner } from '../backup/programs.ts';
import { parseToc, type TocEntry } from '../restore/toc.ts';
import type { ClientProgram } from '../tools/program.ts';
import { runClient } from '../tools/run.ts';

export interface DefinitionsRequest {
  readonly dump: ClientProgram;
  readonly restore: ClientProgram;
  readonly environment: ClientEnvironment;
  /** Name of the exported snapshot. */
  readonly snapshot: string;
  readonly lockWaitMs: number;
  /** A folder for what is thrown away. */
  readonly making: string;
  /** Folder of the masked dump. */
  readonly made: string;
  readonly signal: AbortSignal;
}

const KEPT = 'Nothing was written. Mend what it says, and run it again.';

/** Definitions that hold logins of other servers. */
const SECRET_KINDS = new Set(['USER MAPPING', 'SUBSCRIPTION', 'SUBSCRIPTION TABLE']);

const NOT_THERE = ['--no-owner', '--no-privileges', '--no-publications', '--no-subscriptions', '--no-security-labels'];

/**
 * Writes `pre-data.sql` and `post-data.sql`: what stands before rows, and after them. In the transaction the session is in. Fails with
 * backup.failed.
 */
export async function writeDefinitions(session: Session, request: DefinitionsRequest): Promise<void> {
  const { dump, restore, environment, snapshot, lockWaitMs, making, made, signal } = request;
  const run = programRunner(environment, signal);
  const archive = join(making, 'definitions');
  const how = [
    '--format=custom',
    '--schema-only',
    `--snapshot=${snapshot}`,
    `--lock-wait-timeout=${lockWaitMs}`,
    '--no-password',
  ];
  await run(dump, [...how, ...NOT_THERE, `--file=${archive}`], [making], KEPT);
  const { stdout } = await runClient(restore, { args: ['--list', archive], paths: [making], signal });
  const left = new Set(await policiesOfRoles(session));
  const isLeft = ({ kind, schema, name }: TocEntry) =>
    SECRET_KINDS.has(kind) || (kind === 'POLICY' && left.has(`${schema} ${name}`));
  const list = join(making, 'list');
  const lines = parseToc(stdout, []).flatMap((entry) => (isLeft(entry) ? [] : [`${entry.line}\n`]));
  await writeFile(list, lines.join(''), { mode: 0o600 });
  for (const section of ['pre-data', 'post-data']) {
    const into = `--file=${join(made, `${section}.sql`)}`;
    const options = [`--section=${section}`, `--use-list=${list}`, ...NOT_THERE, `--restrict-key=${RESTRICT_KEY}`, into];
    await run(restore, [...options, archive], [making], KEPT);
  }
}

/** As pg_dump tags them. They name roles, which a developer does not have, and could not be made. */
async function policiesOfRoles(session: Session): Promise<string[]> {
  const rows = await session.rows<{ tag: string }>(
    `select pg_catalog.format('%s %s %s', n.nspname, c.relname, p.polname) as tag
     from pg_catalog.pg_policy p
     join pg_catalog.pg_class c on c.oid = p.polrelid
     join pg_catalog.pg_namespace n on n.oid = c.relnamespace
     where p.polroles <> '{0}'
     order by 1`,
  );
  return rows.map(({ tag }) => tag);
}
