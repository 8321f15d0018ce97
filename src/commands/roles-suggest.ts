import type { CommandSpec, ParsedOptions } from '../core/command.ts';
import { item, type Answer, type Item } from '../core/report.ts';
import type { Checked } from '../ops/roles/suggest/check.ts';
import type { Observation } from '../ops/roles/suggest/observe.ts';
import type { Suggestion } from '../ops/roles/suggest/suggest.ts';
import type { Context } from './context.ts';
import { comparer } from './roles-context.ts';

export const spec: CommandSpec = {
  name: 'roles suggest',
  summary: 'the fewest rights that an app was seen to use',
  description:
    'Reads from pg_stat_statements what a role and its logins ran, works out with the parser of PostgreSQL which rights on which tables and ' +
    'columns each statement needs, and compares with roles.yaml: what was granted and never used, and what was used and is not in the file. ' +
    'A statement about which that cannot be said is listed, never guessed. --record appends what was counted to a file, and --merge takes such ' +
    'files in, so that weeks and servers add up. --check plans every statement as a role that has the proposed rights alone, in a transaction ' +
    'that is rolled back; it needs a superuser, or one who may create roles and grant these rights. Proposes, and never applies. Needs ' +
    'pg_read_all_stats. Exit 1 when something was used that the file does not say, or, after 35 days, when it grants what nobody used.',
  effect: 'reads',
  args: [{ name: '<role>', description: 'a role of the cluster: its own statements and those of its logins count' }],
  options: [
    { flags: '--record <file>', description: 'append what is counted now to this file, which is made with mode 0600' },
    { flags: '--merge <file>', description: 'take in what was recorded there; may be given several times', repeatable: true },
    { flags: '--check', description: 'plan every statement under the proposed rights, and roll back' },
    { flags: '--yaml', description: 'print the part of roles.yaml alone' },
  ],
  examples: [
    ['dbctl roles suggest web_app --record web_app.jsonl', 'every week, on every server'],
    ['dbctl roles suggest web_app --merge web_app.jsonl --check', 'after five weeks'],
    ['dbctl roles suggest web_app --merge web_app.jsonl --yaml', 'what roles.yaml could say'],
  ],
};

export async function run(options: ParsedOptions, context: Context): Promise<Answer> {
  const [{ inTransaction }, { roleOf }, { loadParser }, { observe }, { readShapes }, { suggestRights, usersOf }] =
    await Promise.all([
      import('../db/transaction.ts'),
      import('../ops/roles/explain/find-role.ts'),
      import('../ops/migrate/statements.ts'),
      import('../ops/roles/suggest/observe.ts'),
      import('../ops/roles/suggest/shapes.ts'),
      import('../ops/roles/suggest/suggest.ts'),
      import('../ops/roles/suggest/record.ts'),
    ]);
  const name = options['role'] as string;
  const isChecked = options['check'] === true;
  const compare = await comparer(context);
  await loadParser();
  const recorded = await recordedIn((options['merge'] as readonly string[] | undefined) ?? [], name, context);
  return context.withDatabase({ access: isChecked ? 'write' : 'read', applicationName: 'dbctl roles' }, async (session) => {
    const { comparison, shapes, role, now } = await inTransaction(
      session,
      'isolation level repeatable read, read only',
      async () => {
        const compared = await compare(session);
        const found = roleOf(name, compared.catalog);
        const observation = await observe(session, name, usersOf(name, compared), context.clock());
        return { comparison: compared, role: found, now: observation, shapes: await readShapes(session) };
      },
    );
    await keep(options['record'] as string | undefined, now, context);
    const suggestion = suggestRights(role, [...recorded, now], { comparison, shapes });
    const checked = isChecked ? await check(session, suggestion) : null;
    const answer = answerOf(name, suggestion, checked, comparison.file.label, await textsShown());
    const view = options['yaml'] === true ? { text: suggestion.yaml } : answer.view;
    return { ...answer, target: context.target(session), ...(view === undefined ? {} : { view }) };
  });
}

async function recordedIn(files: readonly string[], role: string, context: Context): Promise<Observation[]> {
  const [{ default: path }, { readRecords }, { fail }] = await Promise.all([
    import('node:path'),
    import('../ops/roles/suggest/record.ts'),
    import('../core/errors.ts'),
  ]);
  const all: Observation[] = [];
  for (const file of files) {
    const found = await readRecords(path.resolve(context.cwd, file));
    const other = found.find((one) => one.role !== role);
    if (other !== undefined)
      fail('config.invalid', `${file} has what ${other.role} ran, and not ${role}`, { hint: 'Keep a file for each role.' });
    all.push(...found);
  }
  return all;
}

async function keep(file: string | undefined, observation: Observation, context: Context): Promise<void> {
  if (file === undefined || context.globals.dryRun) return;
  const [{ default: path }, { appendRecord }] = await Promise.all([
    import('node:path'),
    import('../ops/roles/suggest/record.ts'),
  ]);
  await appendRecord(path.resolve(context.cwd, file), observation);
}

async function check(session: Parameters<Parameters<Context['withDatabase']>[1]>[0], suggestion: Suggestion): Promise<Checked[]> {
  const { checkProposal } = await import('../ops/roles/suggest/check.ts');
  const { learned, rights, pathOf } = suggestion;
  return checkProposal(session, [...learned.resolved, ...learned.unresolved.map(({ statement }) => statement)], {
    rights,
    pathOf,
  });
}

/** What may be shown of a statement: a literal may be a secret. */
async function textsShown(): Promise<(text: string | null) => string> {
  const { recordable } = await import('../ops/roles/suggest/record.ts');
  return (text) => {
    const shown = text === null ? null : recordable(text);
    if (shown === null) return '(a text with a literal in it, left out)';
    const line = shown.replaceAll(/\s+/g, ' ');
    return line.length > LONGEST ? `${line.slice(0, LONGEST)}…` : line;
  };
}

const LONGEST = 100;

function answerOf(
  role: string,
  suggestion: Suggestion,
  checked: readonly Checked[] | null,
  label: string,
  shown: (text: string | null) => string,
): Answer {
  const { learned, unsaid, unused, doubts, days, since, rights, yaml } = suggestion;
  const textOf = new Map(rights.map((one) => [one.right, one.text]));
  const items: Item[] = [
    ...doubts.map(({ id, message }) => item({ id, object: role, status: 'unknown', severity: 'medium', message })),
    ...unsaid.map(({ right, calls, lastSeen, example }) =>
      item({
        id: 'used-not-in-file',
        object: `${role}: ${textOf.get(right) ?? ''}`,
        status: 'fail',
        severity: 'medium',
        message: `${calls} calls needed it, the last seen ${lastSeen.slice(0, 10)}, such as: ${shown(example)}; ${label} does not say so`,
        fix: `dbctl roles suggest ${role} --yaml`,
        detail: { calls, lastSeen },
      }),
    ),
    ...unused.map(({ privileges, target, because }) =>
      item({
        id: 'granted-never-used',
        object: `${role}: ${privileges} on ${target}`,
        // What was watched for too short a time, or not whole, is not said to be unused.
        status: doubts.length > 0 ? 'unknown' : 'fail',
        severity: 'low',
        message: `${because} grants it, and nothing was seen to use it since ${since?.slice(0, 10) ?? 'ever'}`,
        detail: { because, days },
      }),
    ),
    ...learned.unresolved.map(({ statement, reason }) =>
      item({
        id: 'unresolved',
        object: shown(statement.text),
        status: 'unknown',
        message: reason,
        detail: { calls: statement.calls },
      }),
    ),
    ...(checked ?? [])
      .filter(({ outcome }) => outcome === 'denied')
      .map(({ statement, why }) =>
        item({ id: 'check-denied', object: shown(statement.text), status: 'fail', severity: 'high', message: why }),
      ),
    ...learned.used.map(({ right, calls, lastSeen }) =>
      item({ id: 'used', object: `${role}: ${textOf.get(right) ?? ''}`, message: `${calls} calls`, detail: { calls, lastSeen } }),
    ),
  ];
  const count = (outcome: Checked['outcome']): number => (checked ?? []).filter((one) => one.outcome === outcome).length;
  const check =
    checked === null ? null : { accepted: count('accepted'), denied: count('denied'), notCheckable: count('not checkable') };
  return {
    ok: !items.some(({ status }) => status === 'fail'),
    items,
    summary: {
      role,
      days,
      since,
      used: learned.used.length,
      unsaid: unsaid.length,
      unused: unused.length,
      resolved: learned.resolved.length,
      unresolved: learned.unresolved.length,
      check,
      proposed: yaml,
    },
    view: {
      title: `What ${role} used`,
      hidden: ['pass'],
      notes: [
        `${learned.resolved.length} statements need ${learned.used.length} rights; of ${learned.unresolved.length} it cannot be said.`,
        check === null
          ? 'Nothing was tried: with --check each is planned under these rights.'
          : `Planned under these rights: ${check.accepted} accepted, ${check.denied} denied, ${check.notCheckable} not checkable.`,
        `What ${label} could say: dbctl roles suggest ${role} --yaml. Nothing was changed.`,
      ],
    },
  };
}
