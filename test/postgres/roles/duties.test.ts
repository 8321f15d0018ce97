import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { clientTools } from '../../support/tools.ts';
import { expectDone, startReferenceLab, type ReferenceLab } from './support/reference-lab.ts';

/** The roles that are no app, each at what it is for; and at what it may not, which is said and never passed over. */
let lab: ReferenceLab;
beforeAll(async () => {
  [lab] = await Promise.all([startReferenceLab(), clientTools()]);
  await expectDone(lab, ['ledger', 'key', '.dbctl/ledger.key']);
});
afterAll(() => lab.stop());

const notPassed = async (args: readonly string[], login: string): Promise<string[]> =>
  (await lab.dbctl(args, login)).items.filter(({ status }) => status === 'unknown').map(({ id }) => id);

/** They read the verifiers of passwords in pg_authid, which nobody is granted for a check. */
const VERIFIERS = ['auth-accounts', 'auth-md5-verifiers'];
/** At the pin a hole of pgcrypto is open for who uses a disabled cipher, which is in the application: no session tells, a superuser's neither. */
const UNTOLD = ['ext-cve-exposed'];
/** What takes a right on catalogs of the server, or pg_read_all_stats: the duty of verify, and nobody else's. */
const FOR_VERIFY = [
  'auth-hba-errors',
  'auth-hba-password',
  'auth-hba-replication',
  'auth-hba-superuser-remote',
  'auth-hba-trust',
  'auth-hba-weak',
  'auth-hba-world',
  'conn-reserved',
  'ops-long-xact',
  'rep-lag',
  'set-file-errors',
  'tls-enforced',
  'tls-plaintext-sessions',
];

describe('backup', () => {
  test('dumps every row, those behind policies too', async () => {
    const made = await expectDone(lab, ['backup', 'create'], 'backup');
    expect(made.items[0]).toMatchObject({ status: 'pass' });
    await expectDone(lab, ['backup', 'verify'], 'backup');
    await lab.as('backup', async (client) => {
      const { rows } = await client
        .query(`set row_security = off; select count(*)::int as users from identity.users`)
        .then((all) => [all].flat()[1]!);
      expect(rows).toEqual([{ users: 4 }]);
    });
  });

  test('copies the files of the server', async () => {
    await expectDone(lab, ['backup', 'create', '--type', 'physical'], 'backup');
  });

  test('does not pass over a large object that it may not read, and reads it once it may', async () => {
    const large = await lab.as('web_app_1', async (client) => {
      const { rows } = await client.query<{ oid: number }>(`select lo_from_bytea(0, 'large') as oid`);
      return rows[0]?.oid;
    });
    const refused = await lab.dbctl(['backup', 'create'], 'backup');
    expect(refused).toMatchObject({ status: 3, error: { code: 'db.denied', message: 'backup may not read a large object' } });
    await lab.as('web_app_1', (client) => client.query(`grant select on large object ${large} to backup`));
    await expectDone(lab, ['backup', 'create'], 'backup');
    await lab.as('web_app_1', (client) => client.query(`select lo_unlink(${large})`));
  });

  test('would dump a part of the rows without BYPASSRLS: it is refused instead', async () => {
    await lab.as(undefined, (client) => client.query('alter role backup nobypassrls'));
    const refused = await lab.dbctl(['backup', 'create'], 'backup');
    expect(refused.status).not.toBe(0);
    expect(refused.error?.message).toContain('policies hide rows of billing.subscriptions');
    await lab.as(undefined, (client) => client.query('alter role backup bypassrls'));
  });
});

describe('verify', () => {
  test('looks at everything but the verifiers of passwords', async () => {
    expect((await notPassed(['verify'], 'verify')).toSorted()).toEqual([...VERIFIERS, ...UNTOLD].toSorted());
    expect(await notPassed(['immutability', 'status'], 'verify')).toEqual([]);
    await expectDone(lab, ['immutability', 'violations'], 'verify');
  });

  test('audits the roles, with the answer of a superuser', async () => {
    const [own, whole] = await Promise.all([lab.dbctl(['roles', 'audit'], 'verify'), lab.dbctl(['roles', 'audit'])]);
    const failing = (report: typeof own): string[] =>
      report.items.filter(({ status }) => status === 'fail').map(({ id, object }) => `${id} ${object}`);
    expect(failing(own)).toEqual(failing(whole));
    expect(failing(own).filter((one) => one.includes('verify'))).toEqual([]);
  });

  test('does not pass for what it may not do: the self-test, which writes', async () => {
    expect(await lab.dbctl(['immutability', 'test'], 'verify')).toMatchObject({ status: 3, error: { code: 'db.read-only' } });
  });
});

describe('the rights of whoever verifies', () => {
  const superuser = (sql: string) => lab.as(undefined, (client) => client.query(sql));
  const failing = async (about: string): Promise<string[]> =>
    (await lab.dbctl(['roles', 'audit'])).items
      .filter(({ status, object }) => status === 'fail' && object.includes(about))
      .map(({ id, object, severity }) => `${severity} ${id}: ${object}`);
  /** What holds with another roles.yaml. */
  const withFile = async (edit: (text: string) => string, use: () => Promise<void>): Promise<void> => {
    const path = join(lab.project, 'roles.yaml');
    const before = readFileSync(path, 'utf8');
    const after = edit(before);
    expect(after).not.toBe(before);
    writeFileSync(path, after);
    await use().finally(() => writeFileSync(path, before));
  };

  /** What they are with a role that has no such duty. */
  const OF_THE_DUTY = [
    'medium pg-read-all-stats: verify in pg_read_all_stats',
    'low pg-read-all-settings: verify in pg_read_all_settings',
    'info system-object-granted: verify: execute on routine pg_catalog.pg_hba_file_rules()',
    'info system-object-granted: verify: execute on routine pg_catalog.pg_show_all_file_settings()',
    'info system-object-granted: verify: select on table pg_catalog.pg_file_settings',
    'info system-object-granted: verify: select on table pg_catalog.pg_hba_file_rules',
  ];

  test('are missed where they are missing, granted again, and then nothing is left to be done', async () => {
    await superuser(`revoke select on pg_catalog.pg_hba_file_rules from verify; revoke pg_read_all_stats from verify;
      revoke execute on function pg_catalog.pg_show_all_file_settings() from verify`);
    expect(await failing('verify')).toEqual([
      'medium membership-missing: verify in pg_read_all_stats',
      'medium grant-missing: verify: select on table pg_catalog.pg_hba_file_rules',
      'medium grant-missing: verify: execute on routine pg_catalog.pg_show_all_file_settings()',
    ]);
    await expectDone(lab, ['roles', 'apply', '--yes']);
    expect((await expectDone(lab, ['roles', 'plan'])).items).toEqual([]);
    expect(await failing('verify')).toEqual([]);
  });

  test('are findings with everybody else, and taken away from a role of the file', async () => {
    await superuser(`grant select on pg_catalog.pg_hba_file_rules to web_app, public; grant pg_read_all_stats to readonly`);
    expect(await failing('web_app')).toEqual([
      'high grant-excess: web_app: select on table pg_catalog.pg_hba_file_rules',
      'info system-object-granted: web_app: select on table pg_catalog.pg_hba_file_rules',
    ]);
    expect(await failing('PUBLIC')).toEqual(['info system-object-granted: PUBLIC: select on table pg_catalog.pg_hba_file_rules']);
    expect(await failing('readonly')).toEqual([
      'high membership-excess: readonly in pg_read_all_stats',
      'medium pg-read-all-stats: readonly in pg_read_all_stats',
    ]);
    await superuser('revoke select on pg_catalog.pg_hba_file_rules from public');
    await expectDone(lab, ['roles', 'apply', '--yes']);
    expect([...(await failing('web_app')), ...(await failing('readonly'))]).toEqual([]);
  });

  test('are findings where the role has more than that, or the file does not say so', async () => {
    await superuser(
      'grant select on pg_catalog.pg_authid, pg_catalog.pg_ident_file_mappings to verify; grant pg_monitor to verify',
    );
    expect(await failing('verify')).toEqual([
      'high membership-excess: verify in pg_monitor',
      'high grant-excess: verify: select on table pg_catalog.pg_ident_file_mappings',
      'medium pg-read-all-stats: verify in pg_monitor',
      'critical system-object-granted: verify: select on table pg_catalog.pg_authid',
      'info system-object-granted: verify: select on table pg_catalog.pg_ident_file_mappings',
    ]);
    await superuser('revoke select on pg_catalog.pg_authid from verify');
    await expectDone(lab, ['roles', 'apply', '--yes']);
    await withFile(
      (text) =>
        text.replace('      - { on: [pg_catalog.pg_hba_file_rules, pg_catalog.pg_file_settings], privileges: [select] }\n', ''),
      async () =>
        expect(await failing('verify')).toEqual([
          'high grant-excess: verify: select on table pg_catalog.pg_file_settings',
          'high grant-excess: verify: select on table pg_catalog.pg_hba_file_rules',
          'info system-object-granted: verify: select on table pg_catalog.pg_file_settings',
          'info system-object-granted: verify: select on table pg_catalog.pg_hba_file_rules',
        ]),
    );
    await withFile(
      (text) => text.replace('    duty: verify\n', ''),
      async () => expect(await failing('verify')).toEqual(OF_THE_DUTY),
    );
  });

  test('are findings with an app that gets them by way of that role, which the file may say', async () => {
    await withFile(
      (text) =>
        text.replace(
          '    connection_limit: 2\n    settings:\n      application_name: daemon',
          '    connection_limit: 2\n    member_of: { verify: { inherit: true, set: false, admin: false } }\n    settings:\n      application_name: daemon',
        ),
      async () => {
        await expectDone(lab, ['roles', 'apply', '--yes']);
        expect(await failing('verify')).toEqual(OF_THE_DUTY);
      },
    );
    await expectDone(lab, ['roles', 'apply', '--yes']);
  });
});

test('what verify uses of the server itself is not observed: roles suggest keeps what the file grants', async () => {
  await lab.dbctl(['verify'], 'verify');
  const { items, summary } = await lab.dbctl(['roles', 'suggest', 'verify']);
  expect(items.filter(({ id }) => id === 'granted-never-used').map(({ object }) => object)).toEqual([]);
  expect((summary['proposed'] as string).split('\n').filter((line) => line.includes('pg_catalog'))).toEqual([
    '      - { on: [pg_catalog.pg_file_settings], privileges: [select] }',
    '      - { on: [pg_catalog.pg_hba_file_rules], privileges: [select] }',
    '      - { routines: ["pg_catalog.pg_hba_file_rules()"] }',
    '      - { routines: ["pg_catalog.pg_show_all_file_settings()"] }',
  ]);
});

describe('ledger', () => {
  test('seals, and verifies', async () => {
    await expectDone(lab, ['ledger', 'checkpoint'], 'ledger');
    await expectDone(lab, ['ledger', 'verify', '--full'], 'ledger');
  });

  test.each(['verify', 'auditor'])('%s is told that it may not read the rows that were sealed', async (login) => {
    const refused = await lab.dbctl(['ledger', 'verify'], login);
    expect(refused).toMatchObject({
      status: 3,
      error: { code: 'db.denied', message: expect.stringContaining('may not read') as string },
    });
  });
});

describe('what verify may not do', () => {
  test.each<[string[], object]>([
    [
      ['roles', 'suggest', 'web_app'],
      {
        message: 'verify may not read pg_stat_statements',
        hint: expect.stringMatching(/^grant usage on schema "?extensions"? to "verify"; grant pg_read_all_stats/) as string,
      },
    ],
    [
      ['roles', 'passwords', 'rotate', 'daemon', '--to-file', 'daemon.password', '--yes'],
      {
        message: 'verify may not change the password of daemon_1',
        hint: 'Let a superuser do it, or a role with CREATEROLE and ADMIN on daemon_1. Nothing was changed.',
      },
    ],
  ])('is told who may, and what is missing: %j', async (args, error) => {
    expect(await lab.dbctl(args, 'verify')).toMatchObject({ status: 3, error: { code: 'db.denied', ...error } });
  });
});

describe('auditor', () => {
  test('reads the audit log, append-only tables and the records of dbctl', async () => {
    await lab.as('auditor', async (client) => {
      for (const table of [
        'audit.audit_log',
        'content.lesson_versions',
        'content.lab_versions',
        'execution.verification_attempts',
        'execution.proof_artifacts',
        'delivery.snapshot_events',
        'delivery.delivery_events',
        'dbctl.run',
        'dbctl.migration_log',
        'dbctl.unlock_request',
        'dbctl.ledger_checkpoint',
      ])
        await client.query(`select 1 from ${table} limit 1`);
    });
    expect(await notPassed(['immutability', 'status'], 'auditor')).toEqual([]);
    await expectDone(lab, ['migrate', 'status'], 'auditor');
  });

  test('is told which settings it may not see', async () => {
    const settings = [
      'auth-complexity',
      'conn-listen',
      'ext-preload',
      'log-pgaudit',
      'set-pending',
      'tls-ciphers',
      'tls-min-version',
    ];
    expect((await notPassed(['verify'], 'auditor')).toSorted()).toEqual(
      [...VERIFIERS, ...UNTOLD, ...FOR_VERIFY, ...settings].toSorted(),
    );
  });
});

describe('readonly and those who archive', () => {
  test('readonly is told what it may not look at; who archives looks at guards and records', async () => {
    const hidden = ['imm-counter', 'imm-permit', 'imm-registry', 'imm-shape'];
    expect((await notPassed(['immutability', 'status'], 'readonly')).toSorted()).toEqual(hidden);
    expect(await notPassed(['immutability', 'status'], 'archive_verifier')).toEqual([]);
  });

  test('roles that were made after the guards may call what is theirs, also in new partitions, and nothing is left to be done', async () => {
    const make = `select dbctl.create_partition('audit.audit_log', 'audit_log_y2031m01', '2031-01-01Z', '2031-02-01Z')`;
    await expect(lab.as('archive_verifier', (client) => client.query(make))).rejects.toMatchObject({ code: '42501' });
    await lab.as('archiver', (client) => client.query(make));
    for (const login of ['archiver', 'archive_verifier'])
      await lab.as(login, (client) => client.query('select count(*) from audit.audit_log_y2031m01'));
    expect((await expectDone(lab, ['roles', 'plan'])).items).toEqual([]);
    const install = await expectDone(lab, ['immutability', 'install', '--yes']);
    expect(install.summary).toMatchObject({ steps: 0, absentRoles: [] });
  });

  test('read what they are for: rows of all users, and what is to be archived', async () => {
    const count = (login: string, table: string) =>
      lab.as(login, async (client) => (await client.query<{ n: number }>(`select count(*)::int as n from ${table}`)).rows[0]?.n);
    expect(await count('readonly', 'execution.lab_sessions')).toBe(3);
    expect(await count('readonly', 'billing.subscriptions')).toBe(3);
    expect(await count('archiver', 'execution.proof_artifacts')).toBe(3);
    await lab.as('archiver', (client) => client.query(`copy (select * from audit.audit_log) to stdout`));
  });

  test('readonly cannot write by forgetting', async () => {
    await lab.as('readonly', async (client) => {
      await expect(client.query(`update content.lessons set title = 'x'`)).rejects.toMatchObject({ code: '25006' });
    });
  });
});

test('every login says who it is, and stays below the connections a server as it comes has', async () => {
  const { rows } = await lab.as(undefined, (client) =>
    client.query<{ name: string; limit: number; named: boolean }>(
      `select r.rolname as name, r.rolconnlimit as limit, exists (
         select from pg_db_role_setting s, unnest(s.setconfig) c where s.setrole = r.oid and c like 'application_name=%') as named
       from pg_roles r where r.rolcanlogin and not r.rolsuper order by 1`,
    ),
  );
  expect(rows.filter(({ named, limit }) => !named || limit < 1)).toEqual([]);
  expect(rows.reduce((sum, { limit }) => sum + limit, 0)).toBeLessThanOrEqual(97);
});
