import { ident } from '../../../db/ident.ts';
import { maskOf } from '../rights/privilege.ts';
import { grantEvidence, grantsOf } from './grants.ts';
import type { Evidence, Facts, Rule } from './model.ts';

/** Rights on tables that stop others from working. */
export const RELATION_RULES: readonly Rule[] = [
  {
    id: 'references-privilege',
    paths: [24],
    severity: 'medium',
    title: 'REFERENCES on a table of somebody else',
    why: 'a foreign key from a table of its own kept rows of the parent from being deleted, and told which keys there are, without SELECT',
    judge: (facts) =>
      grantsOf(facts, ['table', 'column'], ['REFERENCES']).map((grant) =>
        grantEvidence(facts, grant, ['REFERENCES'], 'it can keep rows of the table from being deleted, and find out its keys'),
      ),
  },
  {
    id: 'locks-without-timeout',
    paths: [25],
    severity: 'low',
    title: 'a login that may lock tables, and keeps its transactions open as long as it likes',
    why: 'UPDATE, DELETE, TRUNCATE and MAINTAIN each allow LOCK TABLE in ACCESS EXCLUSIVE mode: nobody reads until it ends',
    judge: withoutTimeout,
  },
];

const LOCKS = maskOf('UPDATE', 'DELETE', 'TRUNCATE', 'MAINTAIN');
/** Either ends a transaction that does nothing. */
const TIMEOUTS = ['idle_in_transaction_session_timeout', 'transaction_timeout'];

function withoutTimeout(facts: Facts): Evidence[] {
  const { catalog, names, reaches, grants, details } = facts;
  if (TIMEOUTS.some((name) => limits(details.parameters.get(name)))) return [];
  const locking = grants.filter(({ object, entry }) => object.kind === 'table' && (entry.privileges & LOCKS) !== 0);
  const table = new Map(locking.map(({ object, entry }) => [entry.grantee, object.name]));
  return [...reaches].flatMap(([login, { has }]): Evidence[] => {
    const limited = catalog.settings.some(
      ({ role, name, value }) => (role === null || role === login) && TIMEOUTS.includes(name) && limits(value),
    );
    const reached = [...has.values()].find(({ role, level }) => level === 'now' && table.has(role));
    if (limited || reached === undefined) return [];
    const name = names.of(login);
    return [
      {
        object: name,
        role: name,
        message: `it may lock ${table.get(reached.role)} against everybody, and nothing ends its open transaction`,
        fix: `alter role ${ident(name)} set idle_in_transaction_session_timeout = '60s';`,
        ways: [{ login: name, level: 'now', path: name }],
      },
    ];
  });
}

/** 0 is for ever, with whatever unit. */
const limits = (value: string | undefined): boolean => value !== undefined && !/^-?0+\s*[a-z]*$/.test(value);
