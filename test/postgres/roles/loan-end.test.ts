import { writeFile } from 'node:fs/promises';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { expectDone, letLoginsIn, startReferenceLab, type ReferenceLab } from './support/reference-lab.ts';

/** What a login has when a loan is over, and what is said of its sessions. */
let lab: ReferenceLab;
let file: string;
beforeAll(async () => {
  lab = await startReferenceLab();
  file = readFileSync(join(lab.project, 'roles.yaml'), 'utf8');
  await sql(
    `create role ann login; create role bea login; create role dora; create role cleo login;
     grant readonly to cleo with admin true; grant readonly to dora with admin true; grant dbctl_owner to cleo;
     grant connect on database lab to ann, cleo`,
  );
  await letLoginsIn(lab);
});
afterAll(() => lab.stop());

const sql = (text: string) => lab.as(undefined, (client) => client.query(text));

async function lent(more: readonly string[] = [], login?: string, forText = '1h'): Promise<string> {
  const args = ['roles', 'lend', 'readonly', '--to', 'ann', '--for', forText, '--reason', 'incident 4711: the end', '--yes'];
  const { summary } = await expectDone(lab, [...args, '--detach', ...more], login);
  return JSON.stringify(summary['loan']);
}

/** ann's membership in readonly: of each grantor what it allows. */
async function rows(): Promise<unknown[]> {
  const found = await lab.as(undefined, (client) =>
    client.query(
      `select grantor::regrole::text as grantor, inherit_option as inherit, set_option as set, admin_option as admin
       from pg_auth_members where member = 'ann'::regrole and roleid = 'readonly'::regrole order by 1`,
    ),
  );
  return found.rows;
}

/** roles.yaml with ann in it. */
async function wanting(options: string): Promise<void> {
  const ann = `roles:\n  ann:\n    purpose: ann of the platform team\n    login: true\n    connection_limit: 2\n    member_of: { readonly: ${options} }\n`;
  await writeFile(join(lab.project, 'roles.yaml'), file.replace(/^roles:\n/m, ann));
}

describe('the membership', () => {
  test.each([
    ['{ inherit: true, set: false, admin: false }', { inherit: true, set: false, admin: false }],
    ['{ inherit: false, set: true, admin: false }', { inherit: false, set: true, admin: false }],
    ['{ inherit: true, set: true, admin: true }', { inherit: true, set: true, admin: true }],
  ])('that roles.yaml has come to want meanwhile (%s) is there afterwards, and the end says so', async (options, left) => {
    const loan = await lent(['--set']);
    await wanting(options);
    try {
      const { items } = await expectDone(lab, ['roles', 'return', loan, '--yes']);
      expect(await rows()).toEqual([{ grantor: 'postgres', ...left }]);
      expect(items[0]?.message).toMatch(
        new RegExp(
          `^the loan is over, and ann stays a member of readonly as roles.yaml:\\d+ wants it \\(inherit ${left.inherit}, set ${left.set}, `,
        ),
      );
    } finally {
      await writeFile(join(lab.project, 'roles.yaml'), file);
      await sql('revoke readonly from ann');
    }
  });

  test('that nobody wants goes with what others granted meanwhile, and to whom it was passed on; the end says who', async () => {
    const loan = await lent();
    await sql(
      `grant readonly to ann with inherit false, set true, admin true granted by dora;
       set role ann; grant readonly to bea; reset role`,
    );
    const { items } = await expectDone(lab, ['roles', 'return', loan, '--yes']);
    expect(await rows()).toEqual([]);
    expect(items[0]?.message).toBe(
      'taken back from all who had granted it (dora, postgres); bea lost it too, to whom it had been passed on; no session was open',
    );
  });

  test('ends where roles.yaml cannot be read, with a warning', async () => {
    const loan = await lent();
    await writeFile(join(lab.project, 'roles.yaml'), 'version: 2\n');
    try {
      const { stderr, items } = await expectDone(lab, ['roles', 'return', loan, '--yes']);
      expect(await rows()).toEqual([]);
      expect(items[0]?.message).toBe('taken back; no session was open');
      expect(stderr).toContain('what was lent is taken back whole');
    } finally {
      await writeFile(join(lab.project, 'roles.yaml'), file);
    }
  });
});

describe('sessions', () => {
  /** Sessions of ann's, that have become the role where they may. */
  async function annStays(): Promise<{ pid: number; ended: Promise<string>; end(): Promise<void> }> {
    const client = new pg.Client({ connectionString: lab.url('ann') });
    const ended = new Promise<string>((resolve) => {
      client.on('error', (error) => resolve((error as pg.DatabaseError).code ?? error.message));
    });
    await client.connect();
    const found = await client.query<{ pid: number }>('select pg_backend_pid() as pid');
    return { pid: found.rows[0]?.pid ?? -1, ended, end: () => client.end() };
  }
  const recorded = async (): Promise<unknown> => {
    const found = await sql('select sessions from dbctl.role_loan_end order by loan desc limit 1');
    return found.rows[0];
  };

  test('that may not be ended are no success: which, why, and what ends them; the record counts none', async () => {
    const loan = await lent([], 'cleo');
    const session = await annStays();
    const report = await lab.dbctl(['roles', 'return', loan, '--yes'], 'cleo');
    expect(report.status).toBe(1);
    expect(report.items[0]).toMatchObject({
      status: 'fail',
      severity: 'critical',
      message: `taken back; of its open sessions 1 goes on and has to be ended: pid ${session.pid} (permission denied to terminate process)`,
      fix: `As a superuser: select pg_catalog.pg_terminate_backend(${session.pid}); and for the next time: grant pg_signal_backend to "cleo";`,
    });
    expect(await recorded()).toEqual({ sessions: 0 });
    expect(await rows()).toEqual([]);
    await session.end();
  });

  test('are ended with the right to, and counted', async () => {
    await sql('grant pg_signal_backend to cleo');
    const loan = await lent([], 'cleo');
    const [one, other] = [await annStays(), await annStays()];
    const { items } = await expectDone(lab, ['roles', 'return', loan, '--yes'], 'cleo');
    expect([await one.ended, await other.ended]).toEqual(['57P01', '57P01']);
    expect(items[0]?.message).toBe('taken back; 2 open sessions were ended');
    expect(await recorded()).toEqual({ sessions: 2 });
  });
});

describe('apply', () => {
  test('leaves what the file wants where it ends what is overdue, and the plan is empty then', async () => {
    await lent(['--set'], undefined, '1s');
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    await wanting('{ inherit: true, set: false, admin: false }');
    // It also takes the memberships of cleo and dora, who are not in the file.
    const { items } = await lab.dbctl(['roles', 'apply', '--yes']);
    expect(items.find(({ id }) => id === 'loan')?.message).toContain('ann stays a member of readonly as roles.yaml:');
    expect(await rows()).toEqual([{ grantor: 'postgres', inherit: true, set: false, admin: false }]);
    expect((await lab.dbctl(['roles', 'plan'])).summary).toMatchObject({ gives: 0, takes: 0 });
  });
});
