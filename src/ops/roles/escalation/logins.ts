import { ident } from '../../../db/ident.ts';
import type { Role } from '../catalog/model.ts';
import type { PasswordDetail } from './details.ts';
import type { Evidence, Facts, Rule } from './model.ts';

/** What makes a login hard to steal, easy to recognise, and unable to take every connection. */
export const LOGIN_RULES: readonly Rule[] = [
  {
    id: 'password-kind',
    paths: [],
    severity: 'high',
    title: 'a password that is not kept as a SCRAM verifier',
    why: 'an md5 hash is as good as the password to whoever reads it, and is broken in hours',
    judge: passwordKinds,
  },
  {
    id: 'login-without-connection-limit',
    paths: [],
    severity: 'low',
    title: 'a login without a connection limit',
    why: 'one app that loses its connections takes those of all others',
    judge: (facts) =>
      logins(facts)
        .filter(({ connectionLimit }) => connectionLimit === -1)
        .map((role) => ({
          ...aboutLogin(role),
          message: 'it may take every connection of the server',
          fix: `alter role ${ident(role.name)} connection limit 20;`,
        })),
  },
  {
    id: 'login-without-application-name',
    paths: [],
    severity: 'low',
    title: 'a login whose sessions have no name unless the app gives one',
    why: 'pg_stat_activity and the log then do not say which program it is',
    judge: (facts) =>
      logins(facts)
        .filter(({ id }) => !facts.catalog.settings.some(({ role, name }) => role === id && name === 'application_name'))
        .map((role) => ({
          ...aboutLogin(role),
          message: 'its sessions are nameless in pg_stat_activity and in the log unless the app names them',
          fix: `alter role ${ident(role.name)} set application_name = '${role.name.replaceAll("'", "''")}';`,
        })),
  },
];

/** Superusers among them: their passwords are worth most. */
function logins({ catalog }: Facts): Role[] {
  return catalog.roles.filter(({ login, builtIn, superuser }) => login && !builtIn && !superuser);
}

const aboutLogin = ({ name }: Role): Pick<Evidence, 'object' | 'role' | 'ways'> => ({ object: name, role: name, ways: [] });

function passwordKinds({ details: { passwords }, catalog }: Facts): Evidence[] {
  if (passwords !== null) return passwords.flatMap(judged);
  if (!catalog.roles.some(({ login, builtIn }) => login && !builtIn)) return [];
  return [
    {
      object: 'pg_authid',
      role: '',
      unseen: true,
      message: 'the running role may not see what kind of password each login has',
      fix: 'dbctl migrate up brings schema dbctl; then, as superuser: grant dbctl_auditor to the role that runs the audit;',
      ways: [],
    },
  ];
}

function judged({ role, kind }: PasswordDetail): Evidence[] {
  const about = { object: role, role, ways: [], detail: { kind } };
  switch (kind) {
    case 'scram-sha-256':
      return [];
    case 'none':
      return [
        {
          ...about,
          severity: 'info',
          message: 'it has no password: it logs in by certificate, by peer or trust in pg_hba.conf, or not at all',
          fix: 'give it a password unless it logs in by a certificate or its like',
        },
      ];
    case 'md5':
      return [
        { ...about, message: 'its password is kept as an md5 hash', fix: 'give it a new password: dbctl roles passwords rotate' },
      ];
    case 'other':
      return [
        {
          ...about,
          severity: 'critical',
          message: 'what stands for its password is neither a SCRAM verifier nor an md5 hash',
          fix: 'give it a new password: dbctl roles passwords rotate',
        },
      ];
  }
}
