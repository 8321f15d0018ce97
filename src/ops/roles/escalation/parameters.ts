import { ident } from '../../../db/ident.ts';
import { maskOf } from '../rights/privilege.ts';
import { grantEvidence } from './grants.ts';
import type { Evidence, Facts, Rule } from './model.ts';

const REPLICA = 'session_replication_role';

/** Rights on parameters, and settings that stay when the right is gone. */
export const PARAMETER_RULES: readonly Rule[] = [
  {
    id: 'session-replication-role',
    paths: [37],
    severity: 'critical',
    title: 'a login that may switch triggers and foreign keys off',
    why: 'an orphan row was inserted and the audit trigger did not fire; ALTER ROLE … SET, once written, worked on after the REVOKE',
    judge: (facts) => [
      ...granted(facts, (name) => name === REPLICA, 'it can write without triggers, foreign keys and rules'),
      ...kept(facts),
    ],
  },
  {
    id: 'alter-system-granted',
    paths: [38],
    severity: 'critical',
    title: 'ALTER SYSTEM on a parameter',
    why: 'archive_command and shared_preload_libraries were written to postgresql.auto.conf, and wait for the next reload or restart',
    judge: (facts) =>
      facts.grants
        .filter(({ object, entry }) => object.kind === 'parameter' && (entry.privileges & ALTER_SYSTEM) !== 0)
        .map((grant) => ({
          ...grantEvidence(
            facts,
            grant,
            ['ALTER SYSTEM'],
            RUNS.test(grant.object.bare)
              ? 'it can make the server run programs and libraries of its choice'
              : 'it can change the configuration of the whole server',
          ),
          ...(RUNS.test(grant.object.bare) ? {} : { severity: 'high' as const }),
        })),
  },
  {
    id: 'system-table-mods',
    paths: [39],
    severity: 'low',
    title: 'SET on allow_system_table_mods',
    why: 'an update of a catalog was still refused for want of a right on the catalog; together with one it is superuser',
    judge: (facts) =>
      granted(
        facts,
        (name) => name === 'allow_system_table_mods',
        'with a right on a catalog it could write there what it likes',
      ),
  },
  {
    id: 'superuser-parameter',
    paths: [],
    severity: 'medium',
    title: 'SET on a parameter for superusers',
    why: 'such parameters load libraries, hide statements from the log, or let damaged pages pass',
    judge: (facts) =>
      granted(
        facts,
        (name) => ![REPLICA, 'allow_system_table_mods', 'lo_compat_privileges'].includes(name),
        'only superusers may set it otherwise',
      ).filter(({ object }) => /load_librar|library_path|log_|zero_damaged|ignore_/.test(object)),
  },
];

const SET = maskOf('SET');
const ALTER_SYSTEM = maskOf('ALTER SYSTEM');
/** What ends in a program or a library that runs as the account of the server. */
const RUNS =
  /(?:_command|_cmd|preload_libraries|dynamic_library_path|extension_control_path|archive_library|krb_server_keyfile|_file|config_file)$/;

function granted(facts: Facts, named: (name: string) => boolean, message: string): Evidence[] {
  return facts.grants
    .filter(({ object, entry }) => object.kind === 'parameter' && named(object.bare) && (entry.privileges & SET) !== 0)
    .map((grant) => grantEvidence(facts, grant, ['SET'], message));
}

/** Written while its role was allowed to, or by a superuser: it holds either way. */
function kept({ catalog, names, becomers }: Facts): Evidence[] {
  return catalog.settings
    .filter(({ name, value, role }) => name === REPLICA && role !== null && value.toLowerCase() !== 'origin')
    .flatMap(({ role, value, here }): Evidence[] => {
      const ways = role === null ? [] : becomers(role);
      if (role === null || ways.length === 0) return [];
      const name = names.of(role);
      const where = here ? ` in database ${ident(catalog.database.name)}` : '';
      return [
        {
          object: `${name} ${REPLICA}`,
          role: name,
          message: `its sessions begin with ${REPLICA} = ${value}, whether or not it may set it today`,
          fix: `alter role ${ident(name)}${where} reset ${REPLICA};`,
          ways,
        },
      ];
    });
}
