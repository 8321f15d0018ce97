import { item, type Item } from '../../core/report.ts';
import { ident, literal } from '../../db/ident.ts';
import type { NeededGrant } from './grants.ts';

export interface ScriptOf {
  readonly role: string;
  /** The role itself connects; else it is a group, which logins are made members of. */
  readonly login: boolean;
  readonly major: number;
  /** How many checks it is for. */
  readonly checks: number;
}

/** A script to read and to run: what the role gets, where, and what it does not get. It can be run again. Pure. */
export function grantScript(grants: readonly NeededGrant[], script: ScriptOf): string {
  const of = (where: NeededGrant['where'], kind: NeededGrant['kind']) =>
    grants.filter((grant) => grant.where === where && grant.kind === kind);
  const secret = grants.filter(({ kind }) => kind === 'secret');
  return [
    head(script),
    `-- 1. Once for the cluster, connected to any database.\n\n${creation(script)}\n${active(of('cluster', 'needed'))}`,
    `-- 2. In every database that is verified: connect to it and run this part.\n\n${connection(script)}\n${active(of('database', 'needed'))}`,
    secret.length === 0
      ? ''
      : `-- 3. Not granted: it shows more than a check should. Without it these checks stay unknown.\n\n${secret.map(refused).join('\n')}`,
    `-- 4. PUBLIC has these from the start. Run one, in each database, where somebody took it away.\n\n${commented(of('database', 'open'))}`,
    taking(grants, script),
  ]
    .filter((part) => part !== '')
    .join('\n\n');
}

function head({ major, checks }: ScriptOf): string {
  return [
    `-- What \`dbctl verify\` needs to see on PostgreSQL ${major}, for ${checks} checks: nothing that changes anything.`,
    '-- Made without a server. Read it, and run it as a superuser, or as the administrator your provider gives you.',
    '-- A role of roles.yaml gets this there instead, with `duty: verify`, and `dbctl roles apply` grants it: docs/roles.md has the lines.',
  ].join('\n');
}

function creation({ role, login }: ScriptOf): string {
  const how = login ? 'login connection limit 3' : 'nologin';
  const next = login
    ? [
        '-- No password is here, and none belongs on a command line: set one with \\password in psql, which sends its verifier alone, or let',
        '-- the role in by certificate, peer or the identity of your provider.',
      ]
    : [`-- It does not log in: grant it to the login that runs dbctl verify, such as: grant ${ident(role)} to ci;`];
  return [
    ...next,
    'do $do$',
    'begin',
    `  if not exists (select from pg_catalog.pg_roles r where r.rolname = ${literal(role)}) then`,
    `    create role ${ident(role)} ${how};`,
    '  end if;',
    'end $do$;',
    `alter role ${ident(role)} set default_transaction_read_only = on;`,
  ].join('\n');
}

/** A statement cannot name the database it runs in. */
function connection({ role }: ScriptOf): string {
  return [
    'do $do$',
    'begin',
    `  execute pg_catalog.format('grant connect on database %I to %I', pg_catalog.current_database(), ${literal(role)});`,
    'end $do$;',
  ].join('\n');
}

const why = ({ checks }: NeededGrant): string => `-- ${checks.length > 4 ? `${checks.length} checks` : checks.join(', ')}`;
const active = (grants: readonly NeededGrant[]): string =>
  grants
    .map((grant) =>
      [grant.note === null ? [] : [`-- Mind: ${grant.note}.`], `${grant.statement} ${why(grant)}`].flat().join('\n'),
    )
    .join('\n');
const commented = (grants: readonly NeededGrant[]): string => grants.map(({ statement }) => `-- ${statement}`).join('\n');
const refused = (grant: NeededGrant): string => `-- ${grant.statement} ${why(grant)}: ${grant.note ?? ''}`;

function taking(grants: readonly NeededGrant[], { role }: ScriptOf): string {
  const undo = (where: NeededGrant['where']) =>
    grants
      .filter((grant) => grant.where === where && grant.kind === 'needed')
      .toReversed()
      .map((grant) => `--   ${grant.undo}`);
  return [
    '-- To take it all back, in every database:',
    ...undo('database'),
    `--   drop owned by ${ident(role)};`,
    '-- and then once:',
    ...undo('cluster'),
    `--   drop role ${ident(role)};`,
    '',
  ].join('\n');
}

/** The same for machines. */
export function grantItems(grants: readonly NeededGrant[]): Item[] {
  return grants.map(({ statement, where, kind, note, checks, undo }) =>
    item({ id: kind, object: where, message: statement, undo, note, checks: [...checks] }),
  );
}
