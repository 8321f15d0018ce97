import type { CommandSpec, ParsedOptions } from '../core/command.ts';
import { item, type Answer, type Item, type Severity, type Status } from '../core/report.ts';
import type { Result } from '../ops/immutability/selftest/judge.ts';
import type { SelfTest } from '../ops/immutability/selftest/run.ts';
import type { Context } from './context.ts';
import { migrateSettings } from './migrate-settings.ts';

export const spec: CommandSpec = {
  name: 'immutability test',
  summary: 'try every path by which a protected row could change, as every role, and take all of it back',
  description:
    'On each protected table and partition, as each role that holds something on it, its owner and this session’s superuser: updates, ' +
    'deletes, truncates, merges, switched-off guards, changed definitions, rules, grants. Each attempt must fail with its own SQLSTATE: ' +
    'another error may hide that a guard is missing. Inserts must work, each guard must hold alone, and afterwards definitions, guards ' +
    'and rows must be the same bytes. Safe on production: every attempt is rolled back, and none waits for a lock longer than 30 ms. ' +
    'What no database can refuse is listed as known to be open. Exit 1 when anything got through. Run it as a superuser: others can act ' +
    'only as roles they may become.',
  effect: 'changes',
  options: [
    { flags: '--table <table>', description: 'only this table and its partitions', repeatable: true },
    { flags: '--role <role>', description: 'only as this role', repeatable: true },
    { flags: '--no-superuser', description: 'leave the superuser out' },
    {
      flags: '--on-clone',
      description: 'instead, on a throw-away server: what cannot be taken back (drop, detach concurrently, replication, crash)',
    },
  ],
  examples: [
    ['dbctl immutability test --env prod', 'prove the guards of production'],
    ['dbctl immutability test --env dev --table audit.audit_log', 'one table'],
    ['dbctl immutability test --on-clone', 'the destructive half, on a server made for it and thrown away'],
  ],
};

export async function run(options: ParsedOptions, context: Context): Promise<Answer> {
  const [{ immutabilitySettings }, { recordRun }] = await Promise.all([
    import('../ops/immutability/settings.ts'),
    import('../ops/schema/run-record.ts'),
  ]);
  const { config } = await context.config();
  const settings = immutabilitySettings(config);
  const wanted = {
    tables: (options['table'] ?? []) as readonly string[],
    roles: (options['role'] ?? []) as readonly string[],
    superuser: options['superuser'] !== false,
    progress: context.progress,
  };
  const { operator } = await migrateSettings(context);
  if (options['onClone'] === true) {
    const { cloneTest } = await import('../ops/immutability/selftest/clone.ts');
    const major = config.postgres.version.startsWith('17.') ? 17 : 18;
    const wish = { major, uid: process.getuid?.(), progress: context.progress, signal: context.signal } as const;
    const results = await cloneTest(settings, await migrateSettings(context), wish);
    return answer({ results, relations: settings.tables.length, actors: 1, counted: false }, null);
  }
  const { selfTest } = await import('../ops/immutability/selftest/run.ts');
  const session = { access: 'write', applicationName: 'dbctl immutability test', statementTimeoutMs: 0 } as const;
  return context.withDatabase(session, async (opened) => {
    const tested = await selfTest(opened, settings, wanted);
    const outcome = answer(tested, context.target(opened));
    const { name, commit, ciJob, toolVersion } = operator;
    const record = { command: 'immutability test', operator: name, commit, ciJob, toolVersion };
    const summary = outcome.summary;
    await recordRun(opened, { ...record, outcome: outcome.ok ? 'done' : 'failed', summary }).catch((thrown: Error) =>
      context.log.warn('the run could not be recorded', { message: thrown.message }),
    );
    return outcome;
  });
}

const SHOWN: Readonly<Record<Result['verdict'], readonly [Status, Severity]>> = {
  refused: ['pass', 'info'],
  works: ['pass', 'info'],
  open: ['fail', 'critical'],
  'known-open': ['skipped', 'info'],
  unknown: ['unknown', 'medium'],
};

function answer({ results, relations, actors, counted }: SelfTest, target: Answer['target']): Answer {
  const count = (verdict: Result['verdict']) => results.filter((one) => one.verdict === verdict).length;
  const open = count('open');
  return {
    ok: open === 0 && results.length > 0,
    items: results.map(resultItem),
    summary: {
      relations,
      roles: actors,
      tried: results.length,
      refused: count('refused'),
      works: count('works'),
      open,
      knownOpen: count('known-open'),
      unknown: count('unknown'),
    },
    target: target ?? null,
    view: {
      hidden: ['pass', 'skipped'],
      overview: { columns: OVERVIEW, rows: overview(results) },
      notes: notes(results, relations, actors, counted),
    },
  };
}

const OVERVIEW = [
  { field: 'object', title: 'table' },
  { field: 'role', title: 'as' },
  { field: 'paths', title: 'paths', align: 'right' },
  { field: 'refused', title: 'refused', align: 'right' },
  { field: 'works', title: 'inserts', align: 'right' },
  { field: 'open', title: 'open', align: 'right' },
  { field: 'known', title: 'known open', align: 'right' },
] as const;

/** What came of all paths, a line for each table or partition and role. */
function overview(results: readonly Result[]): Item[] {
  const groups = new Map<string, Result[]>();
  for (const result of results.filter(({ role }) => role !== '')) {
    const key = `${result.relation}\n${result.role}`;
    groups.set(key, [...(groups.get(key) ?? []), result]);
  }
  return [...groups.values()].map((group): Item => {
    const count = (verdict: Result['verdict']) => group.filter((one) => one.verdict === verdict).length;
    const [open, unknown] = [count('open'), count('unknown')];
    return item({
      id: 'overview',
      object: group[0]?.relation ?? '',
      message: open > 0 ? `${open} got through` : '',
      status: open > 0 ? 'fail' : unknown > 0 ? 'unknown' : 'pass',
      role: group[0]?.role ?? '',
      paths: new Set(group.map(({ path }) => path)).size,
      refused: count('refused'),
      works: count('works'),
      open,
      known: count('known-open'),
    });
  });
}

function resultItem({ path, relation, role, verdict, expected, got, message, fix }: Result): Item {
  const [status, severity] = SHOWN[verdict];
  const object = role === '' ? relation : `${relation} as ${role}`;
  return item({ id: path, object, status, severity, message, fix, relation, role, verdict, expected, got });
}

function notes(results: readonly Result[], relations: number, actors: number, counted: boolean): string[] {
  const count = (verdict: Result['verdict']) => results.filter((one) => one.verdict === verdict).length;
  const known = [...new Set(results.filter(({ verdict }) => verdict === 'known-open').map(({ path }) => path))];
  return [
    results.length === 0
      ? 'Nothing is protected here: dbctl immutability install'
      : `${results.filter(({ role }) => role !== '').length} attempts on ${relations} tables and partitions as ${actors} roles: ${count('refused')} refused as they have to be, ` +
        `${count('works')} inserts work, ${count('open')} got through.`,
    ...(known.length === 0 ? [] : [`Known to be open to superusers, found by the ledger and not refused: ${known.join(', ')}.`]),
    ...(counted ? ['The attempts are in the violation counters: this role may not mark them as a test.'] : []),
  ];
}
