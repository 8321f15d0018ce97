import { cpSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { AccessReview } from '../../../src/ops/evidence/review.ts';
import type { Signer } from '../../../src/ops/signing/signer.ts';
import type { CliReport } from '../../support/cli-report.ts';
import { runCli } from '../../support/cli.ts';
import { expectDone, letLoginsIn, startReferenceLab, type ReferenceLab } from '../roles/support/reference-lab.ts';

/** Access reviews of the reference project, as a team and its auditor make and read them. */
let lab: ReferenceLab;
let kept: string;
beforeAll(async () => {
  lab = await startReferenceLab();
  kept = join(lab.project, '.dbctl', 'evidence', 'access-reviews', 'ci');
  await expectDone(lab, ['ledger', 'key', '.dbctl/ledger.key']);
  await lab.as(undefined, (client) => client.query('create role ann login connection limit 2'));
  await letLoginsIn(lab);
});
afterAll(() => lab.stop());

const exported = (args: readonly string[] = [], login?: string): Promise<CliReport> =>
  lab.dbctl(['evidence', 'export', ...args], login);
const ids = (): string[] =>
  readdirSync(kept)
    .filter((name) => name.endsWith('.json'))
    .map((name) => name.slice(0, -5))
    .toSorted();
const recordIn = ({ summary }: CliReport) => summary['record'] as unknown as { number: number; path: string; head: string };
const recordOf = (report: CliReport): AccessReview => JSON.parse(readFileSync(recordIn(report).path, 'utf8')) as AccessReview;
const markdownOf = (report: CliReport): string => readFileSync(recordIn(report).path.replace(/json$/, 'md'), 'utf8');
const verified = (args: readonly string[] = []): Promise<CliReport> => lab.dbctl(['evidence', 'verify', ...args]);
/** What an item or a summary says under a key, as text. */
const text = (of: Readonly<Record<string, unknown>>, key: string): string => {
  const value = of[key];
  return typeof value === 'string' ? value : JSON.stringify(value ?? null);
};
const problems = (report: CliReport): string[] =>
  report.items.filter(({ status }) => status === 'fail').map(({ message }) => message);
const minutes = (name: string, text: string | Buffer): string => {
  writeFileSync(join(lab.project, name), text);
  return name;
};

describe('a project whose database is as declared', () => {
  test('is reviewed, recorded, and the record holds', async () => {
    const report = await exported([
      '--reviewer',
      'Ann Lee',
      '--reviewer',
      'Bo Ray',
      '--minutes',
      minutes('minutes.md', '# All good\n'),
    ]);
    expect(report.error).toBe(null);
    expect(report).toMatchObject({
      status: 0,
      ok: true,
      summary: { answer: 'as declared', record: { number: 1 }, counting: 0, unseen: 0 },
    });
    const record = recordOf(report);
    expect(record).toMatchObject({
      format: 'dbctl-access-review/1',
      environment: 'ci',
      answer: 'as declared',
      reviewers: ['Ann Lee', 'Bo Ray'],
      minutes: { text: '# All good\n' },
      period: { why: '90 days: there is no review before it' },
      plan: { gives: { rows: [] }, takes: { rows: [] }, left: 0 },
      changes: null,
      previous: null,
    });
    const webApp = record.roles.find(({ name }) => name === 'web_app');
    expect(webApp?.purpose).toMatch(/^the web application/);
    expect(webApp?.facts).toContainEqual({
      about: 'may',
      text: expect.stringMatching(/^audit, columns granted by themselves: INSERT/) as string,
    });
    const login = record.roles.find(({ name }) => name === 'web_app_1');
    expect(login?.facts).toEqual(expect.arrayContaining(webApp?.facts.filter(({ about }) => about === 'may') ?? []));
    // Superusers and logins of nobody are what a reviewer has to ask about.
    expect(record.roles.filter(({ purpose }) => purpose === null).map(({ name }) => name)).toEqual(['ann', 'postgres']);
    expect(record.logins.rows.find((one) => one.login === 'web_app_1')).toMatchObject({
      password: 'scram-sha-256',
      statements: 0,
    });
    const shown = markdownOf(report);
    expect(shown).toContain('**Reviewed by Ann Lee, Bo Ray.** Roles and rights are as roles.yaml says.');
    expect(shown).toContain('- may: database lab: CONNECT\n- may: all that <code>web_app</code> may');
    expect(shown).toContain('```\n# All good\n```');
    expect(await verified(['--head', recordIn(report).head])).toMatchObject({ status: 0, ok: true });
  });

  test('has in it what dbctl did to its roles and guards', async () => {
    const { runs, permits } = recordOf(await exported());
    expect(runs.state).toBe('seen');
    expect(runs.rows.map(({ command }) => command)).toEqual(expect.arrayContaining(['migrate up', 'roles apply']));
    expect(permits.rows).toContainEqual(expect.objectContaining({ purpose: 'install', givenBy: 'postgres' }));
  });

  test('and which nobody reviewed says so, and is no review to begin the next one at', async () => {
    const report = await exported();
    expect(report.status).toBe(0);
    const record = recordOf(report);
    expect(record.reviewers).toEqual([]);
    expect(record.changes).toMatchObject({ since: ids()[0], roles: [] });
    expect(record.period.why).toContain(ids()[0]);
    expect(markdownOf(report)).toContain('**Collected, and reviewed by nobody.**');
    const list = await lab.dbctl(['evidence', 'list']);
    expect(list.items.map((one) => `${text(one, 'answer')}, ${text(one, 'by')}`)).toEqual([
      'as declared, Ann Lee, Bo Ray',
      'as declared; collected, nobody',
      'as declared; collected, nobody',
    ]);
    expect(list.items.every((one) => /^[0-9a-f]{64}$/.test(text(one, 'hash')))).toBe(true);
  });

  test('--dry-run says the same and stores nothing, without a key too', async () => {
    const before = ids();
    renameSync(join(lab.project, '.dbctl/ledger.key'), join(lab.project, '.dbctl/away'));
    const report = await exported(['--dry-run']);
    renameSync(join(lab.project, '.dbctl/away'), join(lab.project, '.dbctl/ledger.key'));
    expect(report).toMatchObject({ status: 0, summary: { state: 'planned', record: null } });
    expect(ids()).toEqual(before);
  });
});

describe('what is not as declared', () => {
  test('is in the record with its way, the answer is no, and the record is kept', async () => {
    await lab.as(undefined, (client) => client.query('grant update on content.lessons to web_jobs'));
    const report = await exported(['--reviewer', 'Ann Lee']);
    expect(report).toMatchObject({ status: 1, ok: false, summary: { answer: 'differs', counting: 1 } });
    const { findings, plan, changes } = recordOf(report);
    expect(findings.rows[0]).toMatchObject({ id: 'grant-excess', object: 'web_jobs: update on table content.lessons' });
    expect(findings.rows[0]?.message).toContain('web_jobs_1 inherits web_jobs: now');
    expect(plan.takes.rows).toEqual(['take update on table content.lessons from web_jobs']);
    expect(changes?.roles.map(({ role }) => role)).toContain('web_jobs');
    expect(markdownOf(report)).toContain('web_jobs_1 inherits web_jobs: now');
    expect((await exported(['--fail-on', 'critical'])).status).toBe(0);
    await expectDone(lab, ['roles', 'apply', '--yes']);
    const after = recordOf(await exported());
    expect(after.runs.rows.at(-1)).toMatchObject({ command: 'roles apply', login: 'postgres', outcome: 'done' });
    expect(after.runs.rows.at(-1)?.summary).toContain('take update on table content.lessons from web_jobs');
  });

  test('one table exchanged for another is a change, though their number is the same', async () => {
    const [one, other] = ['content.lessons', 'content.labs'];
    await lab.as(undefined, (client) => client.query(`grant truncate on ${one} to ann`));
    await exported(['--reviewer', 'Ann Lee']);
    await lab.as(undefined, (client) => client.query(`revoke truncate on ${one} from ann; grant truncate on ${other} to ann`));
    const { changes } = recordOf(await exported());
    await lab.as(undefined, (client) => client.query(`revoke truncate on ${other} from ann`));
    expect(changes?.roles).toMatchObject([
      {
        role: 'ann',
        gained: ['may: content, tables: TRUNCATE on 1 of 4 (labs)'],
        lost: ['may: content, tables: TRUNCATE on 1 of 4 (lessons)'],
      },
    ]);
  });

  test('a name that means something in Markdown is a name in it', async () => {
    await lab.as(undefined, (client) => client.query('create role "| x |\n# y" login connection limit 1'));
    const report = await exported();
    await lab.as(undefined, (client) => client.query('drop role "| x |\n# y"'));
    expect(recordOf(report).roles.map(({ name }) => name)).toContain('| x |\n# y');
    const shown = markdownOf(report);
    expect(shown).toContain('### <code>&#124; x &#124;&#92;n#<!-- --> y</code>');
    expect(shown).not.toMatch(/^# y/m);
    expect((await verified()).ok).toBe(true);
  });

  test('no secret comes into it', async () => {
    await lab.as(undefined, (client) => client.query(`alter role ann set app.api_key = 'hunter2-hunter2'`));
    await exported();
    await lab.as(undefined, (client) => client.query('alter role ann reset app.api_key'));
    for (const name of readdirSync(kept, { recursive: true, encoding: 'utf8' }).filter((file) => /\.\w+$/.test(file))) {
      expect(readFileSync(join(kept, name), 'utf8'), name).not.toMatch(/hunter2|SCRAM-SHA-256\$|as-long-as-the-test/);
    }
    expect(markdownOf(await exported())).not.toContain('api_key');
  });
});

describe('the period', () => {
  const now = (): string => new Date().toISOString();
  const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 2_100));

  test('has the loans and runs of its time, and no others', async () => {
    const begin = now();
    const reason = 'incident 4711: what is there';
    await expectDone(lab, ['roles', 'lend', 'readonly', '--to', 'ann', '--for', '1h', '--reason', reason, '--detach', '--yes']);
    const during = recordOf(await exported(['--since', begin]));
    expect(during.loans.rows).toMatchObject([{ login: 'ann', role: 'readonly', reason, state: 'open', endedAt: null }]);
    expect(during.answer).toBe('as declared');
    await expectDone(lab, ['roles', 'return', String(during.loans.rows[0]?.id), '--yes']);
    await expectDone(lab, ['immutability', 'install', '--yes', '--repair']);
    const report = await exported(['--since', begin]);
    expect(recordOf(report).loans.rows).toMatchObject([{ login: 'ann', state: 'ended', how: 'returned' }]);
    expect(markdownOf(report)).toContain(reason.replace('#', ''));
    await pause();
    const after = recordOf(await exported(['--since', now()]));
    expect(after.loans).toEqual({ state: 'seen', rows: [], more: 0 });
    expect(after.runs).toEqual({ state: 'seen', rows: [], more: 0 });
    expect(after.permits).toEqual({ state: 'seen', rows: [], more: 0 });
  });

  test('has the unlocks and the refused attempts', async () => {
    const begin = now();
    await lab.as(undefined, async (client) => {
      await client.query(`select dbctl.request_unlock('audit.audit_log', 'a column is missing')`);
      await expect(client.query('delete from audit.audit_log')).rejects.toMatchObject({ code: 'IM001' });
    });
    const { unlocks, refused } = recordOf(await exported(['--since', begin]));
    expect(unlocks.rows).toMatchObject([{ table: 'audit.audit_log', requestedBy: 'postgres', approvedBy: null, usedAt: null }]);
    expect(refused.rows).toMatchObject([{ table: 'audit.audit_log', sqlstate: 'IM001', what: 'update or delete' }]);
  });
});

describe('a login that may not see everything', () => {
  test('says what it could not see, and that is no yes', async () => {
    const report = await exported([], 'web_app_1');
    expect(report).toMatchObject({ status: 0, summary: { answer: 'as declared, as far as was seen' } });
    const { unseen, loans, unlocks, permits, refused, runs } = recordOf(report);
    expect([loans, unlocks, permits, refused, runs].map(({ state }) => state)).toEqual(Array(5).fill('not seen'));
    expect(unseen).toContainEqual({
      what: 'runs of dbctl',
      why: 'web_app_1 may not read them',
      fix: 'grant dbctl_auditor to "web_app_1";',
    });
    expect(unseen.map(({ what }) => what)).toContain('role-lent of dbctl.role_loan');
    expect(markdownOf(report)).toContain('## What dbctl changed\n\n**Not seen.**');
    expect((await exported(['--strict'], 'web_app_1')).status).toBe(1);
  });

  test('an auditor sees the records', async () => {
    const { unseen, loans, unlocks, permits, refused, runs } = recordOf(await exported([], 'auditor'));
    expect([loans, unlocks, permits, refused, runs].map(({ state }) => state)).toEqual(Array(5).fill('seen'));
    expect(unseen.map(({ what }) => what)).not.toContain('runs of dbctl');
  });
});

describe('the chain', () => {
  test('four exports at once are all kept, one after the other', async () => {
    const before = ids().length;
    const ends = await Promise.all(Array.from({ length: 4 }, () => exported()));
    expect(ends.map(({ status }) => status)).toEqual([0, 0, 0, 0]);
    expect(new Set(ends.map((end) => recordIn(end).number)).size).toBe(4);
    expect(ids()).toHaveLength(before + 4);
    expect(await verified()).toMatchObject({ status: 0, summary: { broken: 0 } });
  });

  test('a run that is killed leaves nothing that looks like a record, and the next one works', async () => {
    for (const timeoutMs of [400, 700, 900, 1_100, 1_300]) {
      const before = ids();
      const how = { cwd: lab.project, env: { DATABASE_URL: lab.url() }, timeoutMs };
      const { status } = await runCli(['evidence', 'export', '--env', 'ci'], how);
      if (status === null) expect(ids().slice(0, before.length)).toEqual(before);
      expect((await lab.dbctl(['evidence', 'list'])).items.filter(({ hash }) => hash !== null)).toHaveLength(ids().length);
      expect((await exported()).status).toBe(0);
      expect(await verified()).toMatchObject({ status: 0, summary: { broken: 0 } });
    }
  });

  test('is verified with neither a database nor the private key', async () => {
    const file = join(lab.project, 'dbctl.yaml');
    const written = readFileSync(file, 'utf8');
    const withKey = (key: string): string => written.replace(/^  sinks:$/m, `  public_keys: [${key}]\n  sinks:`);
    const made = await lab.dbctl(['ledger', 'key', 'spare.key', '--name', 'learning-lab-ledger']);
    unlinkSync(join(lab.project, 'spare.key'));
    const note = readFileSync(join(kept, `${ids()[0]}.note`), 'utf8');
    expect(note).toContain('— learning-lab-ledger ');
    renameSync(join(lab.project, '.dbctl/ledger.key'), join(lab.project, '.dbctl/away'));
    try {
      const without = await lab.dbctl(['evidence', 'verify'], undefined, { env: { DATABASE_URL: undefined } });
      expect(without.status).toBe(1);
      expect(problems(without)[0]).toBe('the note is not to be trusted: none of its signatures is of a known key');
      writeFileSync(file, withKey(text(made.summary, 'verifierKey')));
      expect((await verified()).status).toBe(1);
      renameSync(join(lab.project, '.dbctl/away'), join(lab.project, 'public.pem'));
      const key = await publicKeyOf(join(lab.project, 'public.pem'));
      renameSync(join(lab.project, 'public.pem'), join(lab.project, '.dbctl/away'));
      writeFileSync(file, withKey(key));
      const good = await lab.dbctl(['evidence', 'verify'], undefined, { env: { DATABASE_URL: undefined } });
      expect(good).toMatchObject({ status: 0, ok: true });
    } finally {
      writeFileSync(file, written);
      renameSync(join(lab.project, '.dbctl/away'), join(lab.project, '.dbctl/ledger.key'));
    }
  });

  test('shows what was done to it, through the command', async () => {
    const [first = '', second = '', third = ''] = ids();
    const at = (id: string, kind: string) => join(kept, `${id}.${kind}`);
    const head = text((await verified()).summary, 'head');
    const whole = new Map(
      readdirSync(kept)
        .filter((name) => name.includes('.'))
        .map((name) => [name, readFileSync(join(kept, name))]),
    );
    const restore = () => {
      for (const [name, bytes] of whole) writeFileSync(join(kept, name), bytes);
    };
    const cases: readonly [tamper: () => void, said: string][] = [
      [
        () => writeFileSync(at(first, 'json'), String(whole.get(`${first}.json`)).replace('as declared', 'As declared')),
        'it is not the report that was signed',
      ],
      [() => writeFileSync(at(second, 'md'), '# all good\n'), 'its Markdown says something else than the report'],
      [() => ['json', 'note', 'md'].forEach((kind) => unlinkSync(at(second, kind))), `the report before it, ${second}, is gone`],
      [() => unlinkSync(at(third, 'note')), 'its signed note is gone'],
    ];
    for (const [tamper, said] of cases) {
      tamper();
      const report = await verified(['--head', head]);
      restore();
      expect(report.status).toBe(1);
      expect(problems(report)).toContain(said);
    }
    expect(problems(await verified(['--head', 'a'.repeat(64)]))).toEqual(['no report has this hash']);
    expect((await verified(['--head', head])).status).toBe(0);
  });
});

test('the reviews of another environment are none of this one', async () => {
  const other = join(kept, '..', 'staging');
  cpSync(kept, other, { recursive: true });
  const file = join(lab.project, 'dbctl.yaml');
  const written = readFileSync(file, 'utf8');
  writeFileSync(file, written.replace('  ci:\n', '  staging:\n    url: { variable: DATABASE_URL }\n  ci:\n'));
  const how = { cwd: lab.project, env: { DATABASE_URL: lab.url() } };
  const { status, stdout } = await runCli(['evidence', 'verify', '--env', 'staging', '--format', 'json'], how);
  writeFileSync(file, written);
  rmSync(other, { recursive: true });
  expect(status).toBe(1);
  const { items } = JSON.parse(stdout) as CliReport;
  expect(new Set(items.map(({ message }) => message))).toEqual(new Set(['it is of environment ci, and not of staging']));
});

describe('the list', () => {
  test('has the drills beside the backups, too, and says where it could not look', async () => {
    const { storeReport: storeDrill } = await import('../../../src/ops/drill/report.ts');
    const { folderRepository } = await import('../../../src/ops/backup/repository.ts');
    const signer = await signerOf(join(lab.project, '.dbctl/ledger.key'));
    const step = { name: 'open', outcome: 'passed', message: 'it opened', seconds: 1 } as const;
    const drill = { answer: 'passed', steps: [step], rtoSeconds: 12, rpoSeconds: 60, lastCommit: null } as const;
    const backup = { id: 'lab-1', type: 'logical', database: 'lab', manifest: null, snapshotAt: 'then', sizeBytes: 1 } as const;
    const facts = { operator: 'bo@here', dbctl: '0', backup, choice: { by: 'latest' }, programs: {} } as const;
    const targets = { rtoSeconds: null, rpoSeconds: null };
    const keys = { publicKeys: [signer.verifierKey], signal: new AbortController().signal };
    const backups = join(lab.project, '.dbctl/backups');
    await storeDrill(folderRepository('local', backups), drill, { ...facts, targets, at: new Date() }, signer, keys);
    const list = await lab.dbctl(['evidence', 'list']);
    expect(list).toMatchObject({ status: 0, summary: { drills: 1, reviews: ids().length, broken: 0 } });
    expect(list.items.at(-1)).toMatchObject({ id: 'drill', answer: 'passed', by: 'bo@here', repository: 'local' });
    renameSync(backups, `${backups}-away`);
    writeFileSync(backups, 'no folder');
    const unread = await lab.dbctl(['evidence', 'list']);
    unlinkSync(backups);
    renameSync(`${backups}-away`, backups);
    expect(unread.items.at(-1)).toMatchObject({ id: 'drill', object: 'drills of local', status: 'unknown' });
    expect(unread.summary).toMatchObject({ reviews: ids().length, broken: 0 });
  });
});

const publicKeyOf = async (file: string): Promise<string> => (await signerOf(file)).verifierKey;

async function signerOf(file: string): Promise<Signer> {
  const { openSigner } = await import('../../../src/ops/signing/signer.ts');
  const settings = { name: 'learning-lab-ledger', key: { kind: 'file', file } as const, publicKeys: [] };
  return openSigner(settings, { variables: {}, folder: '/' });
}

describe('what is wrong on the command line', () => {
  const big = 'x'.repeat(1_048_577);
  test.each<[name: string, args: () => readonly string[], message: RegExp]>([
    ['no time', () => ['--since', 'yesterday'], /a time is written 2026-11-01 or 2026-11-01T06:00Z, not yesterday/],
    ['a day that is none', () => ['--since', '2026-02-31'], /a time is written .*, not 2026-02-31/],
    ['the future', () => ['--since', '2999-01-01'], /^--since 2999-01-01T00:00:00.000Z is in the future$/],
    ['a hidden character in a name', () => ['--reviewer', 'Ann\u202eeeL'], /none of them hidden/],
    ['a control character in a name', () => ['--reviewer', 'Ann\u001b[2J'], /none of them hidden/],
    ['an end of line in a name', () => ['--reviewer', 'Ann\nLee'], /^option '--reviewer <name>' argument 'Ann/],
    ['an empty name', () => ['--reviewer', ''], /a name has 1 to 200 characters/],
    ['a name of 201 letters', () => ['--reviewer', 'a'.repeat(201)], /a name has 1 to 200 characters/],
    ['somebody twice', () => ['--reviewer', 'Ann', '--reviewer', 'Ann'], /^Ann is named twice$/],
    ['minutes of nobody', () => ['--minutes', minutes('m.md', 'x')], /^--minutes needs --reviewer$/],
    ['minutes that are not there', () => ['--reviewer', 'Ann', '--minutes', 'none.md'], /^cannot read none.md: no such file$/],
    ['a folder as minutes', () => ['--reviewer', 'Ann', '--minutes', 'migrations'], /^migrations is a folder, not a file$/],
    [
      'minutes of more than a megabyte',
      () => ['--reviewer', 'Ann', '--minutes', minutes('m.md', big)],
      /^m.md is larger than 1024 kB$/,
    ],
    [
      'minutes that are not UTF-8',
      () => ['--reviewer', 'Ann', '--minutes', minutes('m.md', Buffer.from([0x80]))],
      /^m.md is not UTF-8 text$/,
    ],
    [
      'minutes with a control character',
      () => ['--reviewer', 'Ann', '--minutes', minutes('m.md', 'a\u001bb')],
      /^m.md holds control characters$/,
    ],
    ['empty minutes', () => ['--reviewer', 'Ann', '--minutes', minutes('m.md', ' \n')], /^m.md is empty$/],
    ['no severity', () => ['--fail-on', 'bad'], /critical, high, medium, low, info/],
  ])('%s', async (_name, args, message) => {
    const report = await exported(args());
    expect(report.error?.message).toMatch(message);
    expect(report.status).toBe(2);
  });

  test('an environment that is not there, a head that is none, and a place that cannot be', async () => {
    const how = { cwd: lab.project, env: { DATABASE_URL: lab.url() } };
    expect((await runCli(['evidence', 'export', '--env', 'nowhere'], how)).status).toBe(2);
    const head = await verified(['--head', 'abc']);
    expect(head.status).toBe(2);
    expect(head.error?.message).toMatch(/a head has 64 digits/);
    const file = join(lab.project, 'dbctl.yaml');
    const written = readFileSync(file, 'utf8');
    mkdirSync(join(lab.project, 'wrong'), { recursive: true });
    try {
      writeFileSync(
        file,
        written.replace('{ name: evidence, type: folder, path: .dbctl/evidence }', '{ name: evidence, type: folder, bucket: x }'),
      );
      const bad = await verified();
      expect(bad.status).toBe(2);
      expect(bad.error?.message).toContain('a repository of type folder needs path');
      writeFileSync(file, written.replace('path: .dbctl/evidence', 'path: roles.yaml'));
      expect((await exported()).error?.code).toBe('storage.failed');
    } finally {
      writeFileSync(file, written);
    }
  });
});
