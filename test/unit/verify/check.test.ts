import { describe, expect, it } from 'vitest';
import { describeProblem } from '../../../src/core/header.ts';
import { parseCheck } from '../../../src/ops/verify/check.ts';

const HEADER = {
  title: 'All is well',
  severity: 'high',
  group: 'time',
  scope: 'cluster',
  why: 'Otherwise it is not.',
  fix: 'alter role {role} nologin;',
  refs: 'https://www.postgresql.org/docs/',
};

function text(
  changes: Record<string, string | undefined> = {},
  query = "select 'a' as object, 'b' as detail, '{}'::jsonb as data;",
): string {
  const header = Object.entries({ ...HEADER, ...changes }).filter(([, value]) => value !== undefined);
  return `${header.map(([key, value]) => `--! ${key}: ${value}`).join('\n')}\n${query}\n`;
}

const problemsOf = (source: string, file = 'checks/my-check.sql') => parseCheck(file, source).problems.map(describeProblem);

describe('a check file', () => {
  it('becomes a check', () => {
    const source = text(
      {
        since: '15',
        until: '18',
        needs: 'select pg_catalog.pg_roles, execute pg_catalog.f(oid, text),\n--!   setting ssl',
        params: 'pin, now',
      },
      'select $1, $2;\n',
    );
    const { check, problems } = parseCheck('checks/my-check.sql', source);
    expect(problems).toEqual([]);
    expect(check).toEqual({
      id: 'my-check',
      file: 'checks/my-check.sql',
      title: 'All is well',
      severity: 'high',
      group: 'time',
      scope: 'cluster',
      since: 15,
      until: 18,
      needs: [
        { kind: 'select', name: 'pg_catalog.pg_roles' },
        { kind: 'execute', name: 'pg_catalog.f(oid, text)' },
        { kind: 'setting', name: 'ssl' },
      ],
      params: ['pin', 'now'],
      why: 'Otherwise it is not.',
      fix: 'alter role {role} nologin;',
      fixManaged: null,
      refs: ['https://www.postgresql.org/docs/'],
      query: 'select $1, $2',
      text: source,
    });
  });

  it.each<[string, string, string]>([
    [
      'a severity there is none of',
      text({ severity: 'hihg' }),
      'checks/my-check.sql:2:15: severity is one of critical, high, medium, low, info, not "hihg", did you mean "high"?',
    ],
    [
      'a scope there is none of',
      text({ scope: 'table' }),
      'checks/my-check.sql:4:12: scope is one of cluster, database, not "table"',
    ],
    ['a minor version', text({ since: '18.2' }), 'checks/my-check.sql:8:12: since is a major version such as 18, not "18.2"'],
    [
      'a need in words of its own',
      text({ needs: 'superuser' }),
      'checks/my-check.sql:8:12: superuser: no such need; write select schema.relation, execute schema.function(types), member role, setting name, unoverridden name or advisories',
    ],
    [
      'a need without a schema',
      text({ needs: 'select pg_roles' }),
      'checks/my-check.sql:8:12: select pg_roles: no such need; write',
    ],
    [
      'a parameter that is mistyped',
      text({ params: 'pinn' }, 'select $1'),
      'checks/my-check.sql:8:13: pinn: no such parameter, did you mean "pin"?',
    ],
    [
      'a parameter the query does not use',
      text({ params: 'pin, now' }, 'select $1'),
      'checks/my-check.sql:8:13: now: the query does not use it',
    ],
    [
      'a placeholder no parameter stands for',
      text({ params: 'pin' }, 'select $1, $2'),
      'checks/my-check.sql:8:13: the query uses $2, and params names 1',
    ],
    ['a placeholder and no parameters', text({}, 'select $1'), 'checks/my-check.sql:1:1: the query uses $1, and params names 0'],
    [
      'a fix with a quoting there is none of',
      text({ fix: 'drop role {role:raw};' }),
      'checks/my-check.sql:6:10: {role:raw}: write {name}, {name:literal} or {name:sql}',
    ],
    ['no query', text({}, '-- nothing'), 'checks/my-check.sql:1:1: no query below the header'],
  ])('is refused for %s', (_, source, message) => {
    const [problem, ...more] = problemsOf(source);
    expect(problem).toContain(message);
    expect(more).toEqual([]);
    expect(parseCheck('checks/my-check.sql', source).check).toBeNull();
  });

  it('is refused for a name that is no id', () => {
    expect(problemsOf(text(), 'checks/My_Check.sql')).toEqual([
      'checks/My_Check.sql:1:1: file name "My_Check.sql" is no check id: use lower-case words joined by hyphens',
    ]);
  });
});
