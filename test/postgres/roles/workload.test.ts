import { readFileSync } from 'node:fs';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { daemon, taskRunner, webJobs } from './support/workload-background.ts';
import { webApp } from './support/workload-web-app.ts';
import { act, actAlone, type Workload } from './support/workload.ts';
import { startReferenceLab, type ReferenceLab } from './support/reference-lab.ts';

/** Each app does all it does under its own login, and then without each single right it has. */
const APPS: readonly (readonly [app: string, workload: Workload, access: string])[] = [
  ['web_app', webApp, ''],
  ['web_jobs', webJobs, 'service'],
  ['task_runner', taskRunner, 'service'],
  ['daemon', daemon, ''],
];

/** Rights that no statement of today uses, with the reason. */
const KEPT: Readonly<Record<string, string>> = {
  'INSERT (schema_version) on audit.audit_log': 'the default is the version of today; the writer says when it writes another one',
};

let lab: ReferenceLab;
beforeAll(async () => {
  lab = await startReferenceLab();
});
afterAll(() => lab.stop());

interface Right {
  readonly text: string;
  readonly revoke: string;
}

/** Each right of an app, one by one, as the catalogs have it. */
const RIGHTS = /* sql */ `
select format('%s on %s', e.privilege_type, c.oid::regclass) as text,
       format('revoke %s on table %s from %I', e.privilege_type, c.oid::regclass, $1::text) as revoke
from pg_class c cross join lateral aclexplode(c.relacl) e where e.grantee = $1::regrole
union all
select format('%s (%I) on %s', e.privilege_type, a.attname, a.attrelid::regclass),
       format('revoke %s (%I) on table %s from %I', e.privilege_type, a.attname, a.attrelid::regclass, $1::text)
from pg_attribute a cross join lateral aclexplode(a.attacl) e where e.grantee = $1::regrole
union all
select format('%s on %s', e.privilege_type, p.oid::regprocedure), format('revoke %s on function %s from %I', e.privilege_type, p.oid::regprocedure, $1::text)
from pg_proc p cross join lateral aclexplode(p.proacl) e where e.grantee = $1::regrole
union all
select format('%s on schema %I', e.privilege_type, n.nspname), format('revoke %s on schema %I from %I', e.privilege_type, n.nspname, $1::text)
from pg_namespace n cross join lateral aclexplode(n.nspacl) e where e.grantee = $1::regrole
order by 1`;

/** What is denied once a right is gone; undefined: nothing. All of it is rolled back. */
async function deniedWithout(client: pg.Client, app: string, workload: Workload, access: string, { revoke }: Right) {
  await client.query('begin');
  try {
    await client.query(revoke);
    await client.query(`set local role ${app}_1`);
    for (const one of workload(3)) {
      // SET ROLE takes no settings of the login with it.
      await client.query(`select set_config('app.user_id', '', true), set_config('app.access', $1, true)`, [access]);
      const failed = await act(client, { ...one, rows: 'any' }).catch((thrown: pg.DatabaseError) => thrown);
      if (failed?.code === '42501') return failed.message;
      if (failed !== undefined) throw failed;
    }
    return undefined;
  } finally {
    await client.query('rollback');
  }
}

describe.each(APPS)('%s', (app, workload, access) => {
  test('needs each right it has', async () => {
    await lab.as(undefined, async (client) => {
      const { rows: rights } = await client.query<Right>(RIGHTS, [app]);
      expect(rights.length).toBeGreaterThan(5);
      expect(await deniedWithout(client, app, workload, access, { text: 'nothing', revoke: 'select' })).toBeUndefined();
      const unused: string[] = [];
      for (const right of rights) {
        if ((await deniedWithout(client, app, workload, access, right)) === undefined) unused.push(right.text);
      }
      expect(unused.filter((text) => KEPT[text] === undefined)).toEqual([]);
    });
  });

  test.each([1, 2])('does its whole workload as login %i, and nothing is denied', async (n) => {
    const pool = new pg.Pool({ connectionString: lab.url(`${app}_${n}`), max: 1 });
    try {
      const client = await pool.connect();
      try {
        for (const one of workload(n)) await actAlone(client, one);
      } finally {
        client.release();
      }
    } finally {
      await pool.end();
    }
  });
});

test('the server saw every statement of theirs succeed', async () => {
  const log = readFileSync(lab.server.log, 'utf8');
  const failed = log.split('\n').filter((line) => /^(?!00000)[0-9A-Z]{5} (?:web_app|web_jobs|task_runner|daemon)_\d /.test(line));
  expect(failed).toEqual([]);
  const calls = await lab.as(undefined, async (client) => {
    const { rows } = await client.query<{ login: string; statements: number }>(
      `select r.rolname as login, count(distinct s.queryid)::int as statements from extensions.pg_stat_statements s
       join pg_roles r on r.oid = s.userid where s.toplevel and r.rolname ~ '_[12]$' group by 1 order by 1`,
    );
    return rows;
  });
  for (const [app, workload] of APPS) {
    for (const n of [1, 2]) {
      const own = new Set(workload(n).map(({ sql }) => sql));
      expect(calls.find(({ login }) => login === `${app}_${n}`)?.statements, `${app}_${n}`).toBeGreaterThanOrEqual(own.size);
    }
  }
});
