import { rm, writeFile } from 'node:fs/promises';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Report } from '../../../src/core/report.ts';
import { ARCHIVE_FUNCTIONS } from '../../../src/ops/schema/archive/functions.ts';
import { RETURN_FUNCTIONS } from '../../../src/ops/schema/archive/return-functions.ts';
import { ARCHIVE_TABLES } from '../../../src/ops/schema/archive/tables.ts';
import { BLOB_FUNCTIONS } from '../../../src/ops/schema/blobs/functions.ts';
import { BLOB_TABLES } from '../../../src/ops/schema/blobs/tables.ts';
import { SCHEMA_VERSION } from '../../../src/ops/schema/dbctl-schema.ts';
import { signatureOf } from '../../../src/ops/schema/immutability/function.ts';
import { expectDone, letLoginsIn, startReferenceLab, type ReferenceLab } from './support/reference-lab.ts';
import type { CliEnd } from '../../support/cli.ts';
import { runCli } from '../../support/cli.ts';
import { nextMigration } from '../../support/next-migration.ts';

/** Break-glass: a role for a time, however the time ends. */
let lab: ReferenceLab;
beforeAll(async () => {
  lab = await startReferenceLab();
  await lab.as(undefined, (client) =>
    client.query('create role ann login; create role bea login; create role chief superuser; create role team'),
  );
  await letLoginsIn(lab);
});
afterAll(() => lab.stop());

const REASON = 'incident 4711: the index is corrupt';
const lend = (role: string, forText: string, more: readonly string[] = []): string[] =>
  ['roles', 'lend', role, '--to', 'ann', '--for', forText, '--reason', REASON, '--yes'].concat(more);
const findings = async (): Promise<string[]> =>
  (await lab.dbctl(['roles', 'audit'])).items
    .filter(({ id }) => /lent|loan|membership/.test(id))
    .map(({ id, status }) => `${id} ${status}`);
const memberships = (): Promise<number> =>
  lab.as(undefined, async (client) => {
    const { rows } = await client.query<{ n: number }>(
      `select count(*)::int as n from pg_auth_members where member = 'ann'::regrole`,
    );
    return rows[0]?.n ?? -1;
  });
const lastEnd = (): Promise<unknown> =>
  lab.as(undefined, async (client) => {
    const { rows } = await client.query(
      `select l.role_name, l.login, l.reason, e.how, e.sessions from dbctl.role_loan l left join dbctl.role_loan_end e on e.loan = l.id order by l.id desc limit 1`,
    );
    return rows[0];
  });

async function until(what: () => Promise<boolean>): Promise<void> {
  for (let turn = 0; turn < 200; turn += 1) {
    if (await what()) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error('it did not come to that');
}

/** A session of ann's that stays open, and what ends it. */
async function annStays(): Promise<{ client: pg.Client; ended: Promise<string> }> {
  const client = new pg.Client({ connectionString: lab.url('ann') });
  const ended = new Promise<string>((resolve) =>
    client.on('error', (error) => resolve((error as pg.DatabaseError).code ?? error.message)),
  );
  await client.connect();
  return { client, ended };
}

function inBackground(args: readonly string[], how: { timeoutMs?: number; signal?: AbortSignal } = {}): Promise<CliEnd> {
  return runCli([...args, '--env', 'ci', '--format', 'json'], { cwd: lab.project, env: { DATABASE_URL: lab.url() }, ...how });
}

describe('as long as it runs', () => {
  test('the login has the role, audit shows an exception, plan leaves it; then both are over, and its sessions too', async () => {
    expect(await memberships()).toBe(0);
    const running = inBackground(lend('lab_owner', '8s', ['--set']));
    await until(async () => (await memberships()) === 1);
    const { client, ended } = await annStays();
    await client.query('set role lab_owner; create table admin.by_ann (a int); drop table admin.by_ann');
    expect(await findings()).toEqual(['role-lent waived']);
    expect((await lab.dbctl(['roles', 'plan'])).summary).toMatchObject({ gives: 0, takes: 0 });
    await expectDone(lab, ['roles', 'apply', '--yes']);
    expect(await memberships()).toBe(1);
    expect((await running).status).toBe(0);
    expect(await ended).toBe('57P01');
    expect(await memberships()).toBe(0);
    expect(await lastEnd()).toEqual({ role_name: 'lab_owner', login: 'ann', reason: REASON, how: 'expired', sessions: 1 });
    expect(await findings()).toEqual([]);
  });

  test('Ctrl-C takes it back at once', async () => {
    const stop = new AbortController();
    const running = inBackground(lend('readonly', '1h'), { signal: stop.signal });
    await until(async () => (await memberships()) === 1);
    stop.abort();
    const { status, stdout, stderr } = await running;
    expect(status).toBe(0);
    expect(stderr).toMatch(/ann has readonly until .*: this has to go on running/);
    expect(JSON.parse(stdout)).toMatchObject({ ok: true, summary: { state: 'ended' } });
    expect(await memberships()).toBe(0);
    expect(await lastEnd()).toMatchObject({ how: 'returned' });
  });

  test('people read which loan it is, and for how long it is asked', async () => {
    const how = { cwd: lab.project, env: { DATABASE_URL: lab.url(), COLUMNS: '200' } };
    const args = [...lend('readonly', '90min', ['--detach']), '--env', 'ci'];
    const asked = await runCli([...args, '--dry-run'], how);
    expect(asked.stdout).toContain(`ann has the rights of readonly for 90min: ${REASON}`);
    const { stdout } = await runCli(args, how);
    const id = /by hand: dbctl roles return (\d+) --env ci/.exec(stdout)?.[1];
    expect(stdout).toMatch(new RegExp(`^ *${id} +ann in readonly +\\S+Z +open +${REASON}$`, 'm'));
    expect(stdout).toContain('✔ dbctl roles lend: ok (');
    await expectDone(lab, ['roles', 'return', id ?? '', '--yes']);
  });

  test('rights that are inherited end with the REVOKE, in the middle of a session', async () => {
    await expectDone(lab, lend('readonly', '1h', ['--detach']));
    await lab.as('ann', async (client) => {
      await client.query('select slug from content.lessons');
      await expect(client.query('set role readonly')).rejects.toMatchObject({ code: '42501' });
      await lab.as(undefined, (admin) => admin.query('revoke readonly from ann'));
      await expect(client.query('select slug from content.lessons')).rejects.toMatchObject({ code: '42501' });
    });
    const { items } = await lab.dbctl(['roles', 'loans', '--open']);
    await expectDone(lab, ['roles', 'return', JSON.stringify(items[0]?.['loan']), '--yes']);
  });
});

describe('schema dbctl of an older dbctl, with its guards on', () => {
  const LATER_TABLES = [...BLOB_TABLES, 'archive_return', ...ARCHIVE_TABLES];
  const LATER_FUNCTIONS = [...BLOB_FUNCTIONS, ...RETURN_FUNCTIONS, ...ARCHIVE_FUNCTIONS];
  /** As version 4 left it: without the function of version 5, the tables of version 6, and tables and functions since version 7. */
  const older = (): Promise<unknown> =>
    lab.as(undefined, (client) =>
      client.query(
        `begin; insert into dbctl.permit (relation, purpose, reason) values (null, 'upgrade', 'the test');
         drop function dbctl.password_kinds(); drop table dbctl.legal_hold, dbctl.legal_hold_release;
         drop function dbctl.hold_between_batches();
         drop index dbctl.ledger_checkpoint_epoch_idx, dbctl.permit_unlock_request_idx;
         drop table ${LATER_TABLES.map((name) => `dbctl.${name}`).join(', ')};
         drop function ${LATER_FUNCTIONS.map(signatureOf).join(', ')};
         delete from dbctl.schema_version where version > 4; commit`,
      ),
    );
  const newest = (): Promise<unknown> =>
    lab.as(undefined, async (client) => {
      const { rows } = await client.query(
        `select max(version) as version, to_regproc('dbctl.password_kinds') is not null as kinds from dbctl.schema_version`,
      );
      return rows[0];
    });

  test('is brought to the newest version by immutability install, which says who owns and calls its functions, and has nothing else to do', async () => {
    await older();
    expect(await newest()).toEqual({ version: 4, kinds: false });
    const { stdout } = await expectDone(lab, ['immutability', 'install', '--yes']);
    const { ok, items } = JSON.parse(stdout) as Report;
    expect(ok).toBe(true);
    const names = new Set(LATER_FUNCTIONS.map(({ name }) => `dbctl.${name}`));
    expect(items.filter(({ object }) => !names.has(object ?? ''))).toEqual([]);
    expect(await newest()).toEqual({ version: SCHEMA_VERSION, kinds: true });
    const again = await expectDone(lab, ['immutability', 'install', '--yes']);
    expect(again.summary).toMatchObject({ steps: 0 });
    expect((await lab.dbctl(['roles', 'plan'])).summary).toMatchObject({ gives: 0, takes: 0 });
  });

  test('is not brought there by the migrator, who is told who has to', async () => {
    await older();
    const extra = nextMigration(lab.project, 'extra');
    await writeFile(extra, 'create table jobs.extra (id bigint primary key);\n');
    try {
      expect(await lab.dbctl(['migrate', 'up'], 'lab_migrator')).toMatchObject({
        status: 3,
        error: {
          message: `schema dbctl is at version 4, and this dbctl works with ${SCHEMA_VERSION}: lab_migrator may not bring it there: permission denied for table schema_version`,
          hint: 'Let a superuser do it, once: dbctl immutability install. Nothing was changed.',
        },
      });
      expect(await newest()).toEqual({ version: 4, kinds: false });
    } finally {
      await rm(extra);
      await expectDone(lab, ['immutability', 'install', '--yes']);
    }
  });

  test('is brought to the newest version by roles lend', async () => {
    await older();
    const { summary } = await expectDone(lab, lend('readonly', '1h', ['--detach']));
    expect(await newest()).toEqual({ version: SCHEMA_VERSION, kinds: true });
    await expectDone(lab, ['roles', 'return', JSON.stringify(summary['loan']), '--yes']);
    const { rows } = await lab.as(undefined, (client) =>
      client.query('select count(*)::int as n from dbctl.permit where not ended'),
    );
    expect(rows).toEqual([{ n: 0 }]);
    // Who may call the functions that were made anew.
    await expectDone(lab, ['immutability', 'install', '--yes']);
  });
});

describe('killed', () => {
  test('audit says from the end of the time on that it is overdue; apply takes it back and ends the sessions', async () => {
    const killed = await inBackground(lend('lab_owner', '3s', ['--set']), { timeoutMs: 2_500 });
    expect(killed.status).toBeNull();
    expect(await memberships()).toBe(1);
    const { client, ended } = await annStays();
    await client.query('set role lab_owner');
    await until(async () => (await findings()).includes('loan-overdue fail'));
    const audit = await lab.dbctl(['roles', 'audit']);
    expect(audit.status).toBe(1);
    expect(audit.items.find(({ id }) => id === 'loan-overdue')).toMatchObject({
      severity: 'critical',
      object: 'ann in lab_owner',
    });
    expect((await lab.dbctl(['roles', 'plan'])).items.map(({ sql }) => sql)).toEqual([
      'revoke "lab_owner" from "ann" granted by "postgres"',
    ]);
    expect((await lab.dbctl(['roles', 'loans'])).status).toBe(1);
    await expectDone(lab, ['roles', 'apply', '--yes']);
    expect(await ended).toBe('57P01');
    expect(await memberships()).toBe(0);
    expect(await lastEnd()).toMatchObject({ how: 'expired', sessions: 1 });
    expect(await findings()).toEqual([]);
    expect((await lab.dbctl(['roles', 'loans'])).status).toBe(0);
  });

  test('when the server is not there at the end, the command says that the login still has the role', async () => {
    const running = inBackground(lend('readonly', '4s'));
    await until(async () => (await memberships()) === 1);
    await lab.server.halt();
    const { status, stdout } = await running;
    await lab.server.start();
    expect(status).toBe(3);
    const { error } = JSON.parse(stdout) as { error: { message: string; hint: string } };
    expect(error.message).toMatch(/^ann still has readonly, which could not be taken back: cannot connect to/);
    expect(error.hint).toMatch(/^As soon as it can be done: dbctl roles return \d+\. /);
    await until(async () => (await findings()).includes('loan-overdue fail'));
    await expectDone(lab, ['roles', 'return', '--overdue']);
    expect(await memberships()).toBe(0);
  });

  test('eight timers at once take it back once', async () => {
    await expectDone(lab, lend('readonly', '1s', ['--detach']));
    await until(async () => (await lab.dbctl(['roles', 'loans'])).status === 1);
    const ends = await Promise.all(Array.from({ length: 8 }, () => lab.dbctl(['roles', 'return', '--overdue'])));
    expect(ends.map(({ status }) => status)).toEqual(Array.from({ length: 8 }, () => 0));
    expect(await memberships()).toBe(0);
    expect(await lastEnd()).toMatchObject({ how: 'expired' });
  });
});

describe('the record', () => {
  test.each(['update dbctl.role_loan set reason = reason', 'delete from dbctl.role_loan_end', 'truncate dbctl.role_loan'])(
    'is append-only, for a superuser too: %s',
    async (sql) => {
      await lab.as(undefined, (client) =>
        expect(client.query(sql)).rejects.toMatchObject({ code: expect.stringMatching(/^IM00[12]$/) as string }),
      );
    },
  );

  test('that cannot be seen keeps a plan from ending a loan, which may be one', async () => {
    await expectDone(lab, lend('readonly', '10min', ['--detach']));
    const planned = async (user: string) =>
      (await lab.dbctl(['roles', 'plan', '--full'], user)).items.filter(({ object, message }) =>
        `${object} ${message}`.includes('ann'),
      );
    expect(await planned('auditor')).toEqual([]);
    expect(await planned('readonly')).toMatchObject([
      {
        id: 'membership-perhaps-lent',
        status: 'fail',
        message: 'ann in readonly: postgres made it a member, and roles.yaml does not say so: a loan, or too much',
        fix: 'grant dbctl_auditor to whoever runs this, who may not see loans',
      },
    ]);
    const { items } = await lab.dbctl(['roles', 'audit', '--full'], 'readonly');
    expect(items.filter(({ id }) => id === 'membership-perhaps-lent')).toMatchObject([
      { object: 'ann in readonly', fix: 'grant dbctl_auditor to whoever runs this, who may not see loans' },
    ]);
    const open = await lab.dbctl(['roles', 'loans', '--open']);
    await expectDone(lab, ['roles', 'return', JSON.stringify(open.items[0]?.['loan']), '--yes']);
  });

  test('is read by auditors, and by nobody else', async () => {
    const { items } = await expectDone(lab, ['roles', 'loans'], 'auditor');
    expect(items.length).toBeGreaterThanOrEqual(5);
    expect(items[0]).toMatchObject({ object: 'ann in lab_owner', message: REASON, state: 'ended', givenBy: 'postgres' });
    expect(await lab.dbctl(['roles', 'loans'], 'readonly')).toMatchObject({
      status: 3,
      error: { message: 'readonly may not see loans' },
    });
    const audit = await lab.dbctl(['roles', 'audit'], 'readonly');
    expect(audit.items.filter(({ id }) => id === 'role-lent').map(({ status }) => status)).toEqual(['unknown']);
  });
});

describe('what is not lent', () => {
  const refused = (role: string, login: string, message: string, reason = REASON, forText = '1h') =>
    [role, login, reason, forText, message] as const;
  test.each([
    refused('nobody', 'ann', 'there is no role nobody'),
    refused('readonly', 'nobody', 'there is no role nobody'),
    refused('readonly', 'team', 'team cannot log in'),
    refused('readonly', 'postgres', 'postgres is superuser and may do everything already'),
    refused('chief', 'ann', 'chief is superuser, and nothing that is recorded in the database would bind it'),
    refused('dbctl_protected', 'ann', 'dbctl_protected is a role nobody may become'),
    refused('dbctl_guard', 'ann', 'dbctl_guard is a role nobody may become'),
    refused('web_app', 'web_app_1', 'web_app_1 is a member of web_app already'),
    refused('readonly', 'ann', 'say why in 10 characters at least: --reason TEXT', 'because'),
    refused('readonly', 'ann', '--for is between 1s and 24h, and not 25h', REASON, '25h'),
    refused('readonly', 'ann', '--for is between 1s and 24h, and not 0', REASON, '0'),
    refused('readonly', 'ann', '--for: expected a duration such as 500ms, 2s, 5min, 1h or 1d: write 2h', REASON, '2 hours'),
  ])('%s to %s (%s, %s)', async (role, login, reason, forText, message) => {
    const args = ['roles', 'lend', role, '--to', login, '--for', forText, '--reason', reason, '--yes', '--detach'];
    const { status, error } = await lab.dbctl(args);
    expect(error?.message).toBe(message);
    expect([2, 5]).toContain(status);
    expect(await memberships()).toBe(0);
  });

  test('nothing, by somebody who may not grant it', async () => {
    const denied = await lab.dbctl(lend('readonly', '1h', ['--detach']), 'web_app_1');
    expect(denied).toMatchObject({ status: 3, error: { code: 'db.denied', message: 'web_app_1 may not record loans' } });
    expect(await memberships()).toBe(0);
  });

  test('what a superuser lent is not taken back by another operator with ADMIN, who is told who may', async () => {
    await lab.as(undefined, (client) =>
      client.query(
        `create role cleo login password 'as-long-as-the-test'; grant readonly to cleo with admin true; grant dbctl_owner to cleo;
         grant connect on database lab to cleo`,
      ),
    );
    const { summary } = await expectDone(lab, lend('readonly', '1h', ['--detach']));
    const args = ['roles', 'return', JSON.stringify(summary['loan']), '--yes'];
    expect(await lab.dbctl(args, 'cleo')).toMatchObject({
      status: 3,
      error: {
        code: 'db.denied',
        message: expect.stringContaining(
          'cleo may not take readonly back from ann, which postgres granted: permission denied',
        ) as string,
        hint: 'Run it as postgres, or as a superuser. Nothing was changed.',
      },
    });
    expect(await memberships()).toBe(1);
    await expectDone(lab, args);
  });

  test('nothing, in a dry run', async () => {
    const planned = await expectDone(lab, lend('readonly', '1h', ['--dry-run']));
    expect(planned.summary).toEqual({ state: 'planned' });
    expect(await memberships()).toBe(0);
  });
});
