import { ident } from '../../../db/ident.ts';
import { VERIFY_MEMBERSHIPS } from '../desired/duty.ts';
import type { Severity } from '../../../core/report.ts';
import { besidesDuty } from './duties.ts';
import type { Evidence, Facts, Rule } from './model.ts';

/** Predefined roles whose power is in the server's code: membership in them is more than their name says. */
export const PREDEFINED_RULES: readonly Rule[] = [
  predefined('pg-maintain', [26], 'high', ['pg_maintain'], {
    title: 'membership in pg_maintain',
    why: 'it locked pg_authid in ACCESS EXCLUSIVE mode, and a new login hung until the lock was released',
    message: 'it can lock every table, pg_authid among them, so that nobody logs in',
  }),
  predefined('pg-read-all-data', [27], 'high', ['pg_read_all_data'], {
    title: 'membership in pg_read_all_data',
    why: 'it read the password verifiers in pg_authid and pg_shadow, and every large object in pg_largeobject',
    message: 'it can read the password verifiers of all roles and every large object, besides all tables',
  }),
  predefined('pg-write-all-data', [28], 'critical', ['pg_write_all_data'], {
    title: 'membership in pg_write_all_data',
    why: 'it updated all rows of all tables, moved sequences, and put a job of its own into a queue that a stronger role works on',
    message: 'it can change every row of every table',
  }),
  predefined('pg-read-all-stats', [29], 'medium', ['pg_monitor', 'pg_read_all_stats'], {
    title: 'membership in pg_monitor or pg_read_all_stats',
    why: 'it read the SQL of others in pg_stat_statements, an ALTER ROLE … PASSWORD in clear text among it',
    message: 'it can read what others send to the server, with whatever secrets stand in it',
  }),
  predefined('pg-execute-server-program', [30], 'critical', ['pg_execute_server_program'], {
    title: 'membership in pg_execute_server_program',
    why: 'COPY FROM PROGRAM ran a shell as the account of the server, and psql over a trusted socket made it superuser',
    message: 'it can run any program as the operating system account of the server',
  }),
  predefined('pg-server-files', [31], 'critical', ['pg_read_server_files', 'pg_write_server_files'], {
    title: 'membership in pg_read_server_files or pg_write_server_files',
    why: 'COPY read pg_hba.conf, and wrote a file into the data directory',
    message: 'it can read, or write, files as the operating system account of the server',
  }),
  predefined('pg-read-all-settings', [], 'low', ['pg_read_all_settings'], {
    title: 'membership in pg_read_all_settings',
    why: 'it reads what only superusers see, such as primary_conninfo with a password in it',
    message: 'it can read settings meant for superusers, with whatever secrets stand in them',
  }),
];

function predefined(
  id: string,
  paths: readonly number[],
  severity: Severity,
  groups: readonly string[],
  { message, ...words }: Pick<Rule, 'title' | 'why'> & { readonly message: string },
): Rule {
  return { id, paths, severity, ...words, judge: (facts) => members(facts, groups, message) };
}

/** The members that somebody gave the role to; what a predefined role inherits from another came with the server. */
function members(facts: Facts, groups: readonly string[], message: string): Evidence[] {
  const { catalog, names } = facts;
  return catalog.memberships
    .filter(({ role, member }) => groups.includes(names.of(role)) && names.role(names.of(member))?.builtIn !== true)
    .flatMap((row): Evidence[] => {
      const [member, role, grantor] = [names.of(row.member), names.of(row.role), names.of(row.grantor)];
      const into = new Set(facts.holders(row.role).map(({ login }) => login));
      const having = facts.holders(row.member).filter(({ login }) => into.has(login));
      const ways = isForDuty(facts, member, role) ? besidesDuty(facts, member, having) : having;
      if (ways.length === 0) return [];
      const fix = `revoke ${ident(role)} from ${ident(member)} granted by ${ident(grantor)};`;
      return [{ object: `${member} in ${role}`, role: member, message, fix, ways, detail: { member, memberOf: role, grantor } }];
    });
}

/** Whether the file makes it a member, and whoever verifies is to be one. */
function isForDuty({ desired }: Facts, member: string, role: string): boolean {
  return (
    VERIFY_MEMBERSHIPS.includes(role) &&
    desired.roles.some(({ name, memberOf }) => name === member && Object.hasOwn(memberOf, role))
  );
}
