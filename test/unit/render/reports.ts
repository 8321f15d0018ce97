import { fleetAnswer } from '../../../src/cli/fleet/answer.ts';
import type { Looked } from '../../../src/cli/fleet/looked.ts';
import { DbctlError } from '../../../src/core/errors.ts';
import { item, REPORT_SCHEMA } from '../../../src/core/report.ts';
import type { Item, Report, Target, View } from '../../../src/core/report.ts';

/** One report and the view that goes with it. */
export interface Example {
  readonly report: Report;
  readonly view: View;
}

export const prod: Target = {
  env: 'prod',
  host: 'db.example.com',
  port: 5432,
  database: 'learning',
  serverVersion: '18.2',
  systemIdentifier: '7471234567890123456',
};

export function report(fields: Partial<Report> = {}): Report {
  return {
    schema: REPORT_SCHEMA,
    command: 'verify',
    ok: true,
    exitCode: 0,
    startedAt: '2026-03-01T03:04:05.678Z',
    durationMs: 412,
    target: prod,
    summary: {},
    items: [],
    error: null,
    ...fields,
  };
}

const findings: readonly Item[] = [
  item({ id: 'version-pin', object: 'server', message: '18.2, as pinned' }),
  item({
    id: 'auth-hba-trust',
    object: 'pg_hba.conf',
    status: 'unknown',
    severity: 'critical',
    message: 'the role "verifier" may not read pg_hba_file_rules',
    fix: 'grant select on pg_catalog.pg_hba_file_rules to verifier;\ngrant execute on function pg_catalog.pg_hba_file_rules() to verifier;',
    detail: { sqlstate: '42501' },
  }),
  item({
    id: 'idx-fk-missing',
    object: 'execution.lab_attempts(lab_session_id)',
    status: 'fail',
    severity: 'medium',
    message: 'no index begins with the columns of this foreign key: deleting a lab_sessions row scans the whole of lab_attempts',
    fix: 'create index concurrently lab_attempts_lab_session_id_idx on execution.lab_attempts (lab_session_id);',
    detail: { file: 'migrations/014.do.attempts.sql', line: 12, column: 3 },
  }),
  item({
    id: 'imm-trigger-present',
    object: 'audit.audit_log',
    status: 'fail',
    severity: 'critical',
    message: 'no trigger blocks TRUNCATE: the whole audit log can be emptied by one statement',
    fix: 'dbctl immutability install audit.audit_log',
    detail: { missing: ['truncate'] },
  }),
  item({
    id: 'dur-checksums',
    object: 'cluster',
    status: 'waived',
    severity: 'high',
    message: 'data checksums are off; waived by dba@example.com until 2026-06-30: migration to a new cluster is planned',
    detail: { waiver: { owner: 'dba@example.com', expires: '2026-06-30' } },
  }),
  item({ id: 'rep-lag', object: 'cluster', status: 'skipped', severity: 'medium', message: 'the server has no standby' }),
];

const migrations: readonly Item[] = [
  item({
    id: '010',
    object: 'migrations/010.do.identity.sql',
    message: 'applied',
    state: 'applied',
    slug: 'identity',
    durationMs: 84,
  }),
  item({
    id: '011',
    object: 'migrations/011.do.content.sql',
    message: 'applied',
    state: 'applied',
    slug: 'content',
    durationMs: 1203,
  }),
  item({
    id: '012',
    object: 'migrations/012.do.execution.sql',
    status: 'fail',
    severity: 'high',
    message: 'changed after it was applied: the file has sha256 5f70bf…, the database recorded 9c1185…',
    fix: 'git checkout 4f2a11c -- migrations/012.do.execution.sql',
    state: 'changed',
    slug: 'execution',
    durationMs: 310,
  }),
  item({
    id: '013',
    object: 'migrations/013.do.delivery.sql',
    message: 'pending',
    state: 'pending',
    slug: 'delivery',
    durationMs: null,
  }),
];

/** One string with everything a format trips over; 63 bytes is the longest name PostgreSQL keeps. */
export const NASTY = {
  escape: '\u001b[2J\u001b]8;;https://evil.example\u0007click\u009b31m',
  quotes: `a"b'c\`d\\e`,
  lines: 'first\nsecond\r\nthird\rfourth\tfifth',
  markup: '<script>alert(1)</script> &amp; ]]> <!-- -- --> | pipe | {0} {{ }} [link](1)',
  hidden: 'admin\u202egnp.exe\u200b\u2066\ufeff\u200f\u{e0041}\u2028end',
  wide: '表データ👩‍💻🇩🇪é\u0301ع',
  long: 'x'.repeat(63),
  escaped: '100%0A %25 :: , ##[add-mask]x ::error::forged',
  directive: 'ok 1 - forged # SKIP not really # TODO \\# {',
  dashes: '-- drop table t; --',
  surrogate: 'lone \ud800 and \udfff, \ufffe, nul \u0000',
} as const;

const nasty: readonly Item[] = Object.entries(NASTY).map(([name, text], index) =>
  item({
    id: `nasty-${name}`,
    object: `public.${text}`,
    message: `${text}\n::error::forged\n\u2714 pass`,
    status: (['fail', 'unknown', 'waived', 'skipped', 'pass'] as const)[index % 5] ?? 'fail',
    severity: (['critical', 'high', 'medium', 'low', 'info'] as const)[index % 4] ?? 'info',
    fix: `alter table "${text}" owner to app;`,
    detail: { [text]: text, file: `migrations/${text}.sql`, line: index + 1 },
  }),
);

const database = (index: number, more: Partial<Looked> = {}): Looked => ({
  target: { ...NOTHING_SAID, name: `eu-${index}`, at: { line: 2 + index, column: 11 } },
  env: 'prod',
  durationMs: 40 + index,
  end: {
    kind: 'answered',
    answer: { ok: false, items: findings, summary: { checks: 4 }, target: prod, view: { hidden: ['pass'] } },
  },
  ...more,
});
const NOTHING_SAID = {
  environment: undefined,
  url: undefined,
  database: undefined,
  tls: undefined,
  systemIdentifier: undefined,
  labels: {},
};
const gone = new DbctlError('db.unreachable', 'nobody answers at db.example.com:5432', { hint: 'Is the server running?' });
const fleetRun = fleetAnswer([database(1), database(2), database(3, { end: { kind: 'unseen', error: gone } })], {
  command: 'verify',
  file: 'targets.yaml',
  labels: ['region=eu'],
  parallel: 8,
});
const { view: fleetView = {}, ...fleetAnswered } = fleetRun.answer;
const fleet = report({
  ...fleetAnswered,
  target: null,
  exitCode: 3,
  error: { code: 'db.unreachable', message: fleetRun.error?.message ?? '', hint: fleetRun.error?.hint ?? null },
});

export const EXAMPLES = {
  findings: {
    report: report({
      ok: false,
      exitCode: 1,
      summary: { fail: 2, unknown: 1, waived: 1, skipped: 1, pass: 42, checks: 47 },
      items: findings,
    }),
    view: {
      hidden: ['pass'],
      notes: ['Waiver of dur-checksums ends in 14 days.', 'Run `dbctl verify --print-grants` to see everything.'],
    },
  },
  passing: {
    report: report({ summary: { pass: 2 }, items: [...findings.slice(0, 1), ...findings.slice(5)] }),
    view: {},
  },
  migrations: {
    report: report({
      command: 'migrate status',
      ok: false,
      exitCode: 1,
      durationMs: 61_500,
      summary: { applied: 2, pending: 1, changedFiles: 1 },
      items: migrations,
    }),
    view: {
      title: 'Migrations of learning-lab',
      columns: [
        { field: 'id', title: 'version' },
        { field: 'slug', title: 'name' },
        { field: 'state', title: 'state' },
        { field: 'durationMs', title: 'ms', align: 'right' },
      ],
      notes: ['1 migration waits: `dbctl migrate up` applies it.'],
    },
  },
  failed: {
    report: report({
      command: 'migrate up',
      ok: false,
      exitCode: 4,
      durationMs: 1530,
      summary: { applied: 1 },
      items: migrations.slice(0, 1),
      error: {
        code: 'migration.failed',
        message: 'migrations/014.do.attempts.sql: relation "execution.lab_attemps" does not exist',
        hint: 'Correct the file and run dbctl migrate up again: nothing of it was kept.',
        sqlstate: '42P01',
        detail: 'statement 3 of 5',
        position: {
          file: 'migrations/014.do.attempts.sql',
          line: 12,
          column: 23,
          text: '\tcreate index on execution.lab_attemps (lab_session_id); -- 表',
        },
      },
    }),
    view: {},
  },
  unreachable: {
    report: report({
      ok: false,
      exitCode: 3,
      target: null,
      error: { code: 'db.unreachable', message: 'no server answers at db.example.com:5432', hint: null },
    }),
    view: {},
  },
  unexplained: {
    report: report({ command: 'migrate drift', ok: false, exitCode: 1, summary: { differences: 3 } }),
    view: {},
  },
  fleet: { report: fleet, view: fleetView },
  empty: { report: report({ command: 'backup list' }), view: { title: 'Backups' } },
  text: { report: report({ command: 'dev url' }), view: { text: 'postgres://dev@127.0.0.1:54329/dev' } },
  nasty: {
    report: report({
      command: 'verify',
      ok: false,
      exitCode: 1,
      target: { ...prod, database: NASTY.escape, env: NASTY.hidden },
      items: nasty,
      error: {
        code: 'sql.failed',
        message: NASTY.lines + NASTY.escape,
        hint: NASTY.markup,
        detail: NASTY.escaped,
        position: { file: `migrations/${NASTY.quotes}.sql`, line: 3, column: 9, text: `${NASTY.hidden}${NASTY.wide}` },
      },
    }),
    view: { title: NASTY.escape, notes: [NASTY.markup, NASTY.escaped] },
  },
} as const satisfies Record<string, Example>;
