import type { CommandSpec, ParsedOptions } from '../core/command.ts';
import { countByStatus, item, type Answer, type Item } from '../core/report.ts';
import type { Step } from '../core/step.ts';
import type { Session } from '../db/session.ts';
import type { Unlike } from '../ops/database/plan.ts';
import type { WantedDatabase } from '../ops/database/wanted.ts';
import type { Context } from './context.ts';
import { expectedOf, requireExpectedServer, wantedDatabase } from './db-context.ts';
import { comparer } from './roles-context.ts';

export const spec: CommandSpec = {
  name: 'db create',
  summary: "make the environment's database, with locale, encoding, time zone, owner and roles as configured",
  description:
    'Reads postgres of dbctl.yaml, and owner and roles of roles.yaml. Makes the owner, the database (from template0, so that nothing comes along), ' +
    'its time zone, the schema of extensions with those that are required, and the roles with settings and memberships, without passwords. ' +
    'PUBLIC loses CONNECT and TEMPORARY, and logins of the file get CONNECT. What is there already is compared: what can be changed is, and ' +
    'encoding and locale, which cannot, are said (exit 1). A second run changes nothing, and several at once wait for each other. Rights follow with dbctl roles apply, once the ' +
    'migrations have made what they are on. Needs a superuser, or CREATEDB and CREATEROLE where extensions are trusted ones.',
  effect: 'changes',
  examples: [
    ['dbctl db create --env prod', 'then db identify, migrate up, roles apply, roles passwords rotate'],
    ['dbctl db create --env prod --dry-run', 'is the database as configured?'],
  ],
};

interface Work {
  readonly done: Step[];
  readonly unlike: Unlike[];
  /** It is written down which server it must be. */
  readonly isIdentified: boolean;
  /** Somebody who does not use dbctl made the database while this did: it is compared, as one that was there. */
  madeByAnother: boolean;
}

export async function run(_options: ParsedOptions, context: Context): Promise<Answer> {
  const target = await context.connection();
  const [wanted, expected, { withCluster, oneAtATime }] = await Promise.all([
    wantedDatabase(context, target),
    expectedOf(context),
    import('../ops/database/create.ts'),
  ]);
  const work: Work = { done: [], unlike: [], isIdentified: expected !== null, madeByAnother: false };
  const { dryRun } = context.globals;
  const limits = { signal: context.signal, ...(dryRun ? ({ access: 'read' } as const) : {}) };
  return withCluster(target, limits, async (cluster) => {
    await requireExpectedServer(cluster, expected, context);
    const create = async (): Promise<Answer> =>
      (await outside(work, wanted, context, cluster)) ?? (await inside(work, wanted, context));
    return dryRun ? create() : oneAtATime(cluster, context.signal, create);
  });
}

/** The database itself. Answers only in a dry run that finds none: nothing can be looked at inside it. */
async function outside(work: Work, wanted: WantedDatabase, context: Context, cluster: Session): Promise<Answer | null> {
  const [{ createOnce, doSteps }, { findDatabase }, plan] = await Promise.all([
    import('../ops/database/create.ts'),
    import('../ops/database/inspect.ts'),
    import('../ops/database/plan.ts'),
  ]);
  const found = await findDatabase(cluster, wanted.name);
  if (found === undefined) {
    const owner = await ownerSteps(cluster, wanted, context);
    const database = plan.createStep(wanted);
    if (context.globals.dryRun) {
      work.done.push(...owner, database);
      return answer(work, wanted, context, cluster);
    }
    await context.confirm(`Make the database ${wanted.name} on ${cluster.host}:${cluster.port}?`);
    await doSteps(cluster, owner, context.progress);
    work.done.push(...owner);
    if (await createOnce(cluster, database)) work.done.push(database);
    else work.madeByAnother = true;
  }
  const there = found ?? (await findDatabase(cluster, wanted.name));
  if (there !== undefined) work.unlike.push(...plan.unlikeDatabase(wanted, there));
  return null;
}

/** The owner comes before what it owns. */
async function ownerSteps(cluster: Session, { owner }: WantedDatabase, context: Context): Promise<readonly Step[]> {
  if (owner === null) return [];
  const { roleSteps } = await import('../ops/database/roles.ts');
  const steps = roleSteps(await (await comparer(context))(cluster));
  return steps.filter(({ id, object }) => id === 'create role' && object === owner);
}

/** In the database: roles, its settings, extensions; all in one transaction. */
async function inside(work: Work, wanted: WantedDatabase, context: Context): Promise<Answer> {
  const [{ doSteps }, { findDatabase, lookInside }, plan, { roleSteps, administratorsOf }] = await Promise.all([
    import('../ops/database/create.ts'),
    import('../ops/database/inspect.ts'),
    import('../ops/database/plan.ts'),
    import('../ops/database/roles.ts'),
  ]);
  const { dryRun } = context.globals;
  const options = { access: dryRun ? 'read' : 'write', applicationName: 'dbctl db create', statementTimeoutMs: 0 } as const;
  return context.withDatabase(options, async (session) => {
    const there = await findDatabase(session, wanted.name);
    const found = await lookInside(session);
    const comparison = wanted.owner === null ? null : await (await comparer(context))(session);
    const roles = comparison === null ? [] : roleSteps(comparison);
    const logins = comparison === null ? wanted.logins : [...wanted.logins, ...administratorsOf(comparison)];
    const settings = there === undefined ? [] : plan.settingSteps({ ...wanted, logins }, there);
    const steps = [...roles, ...settings, ...plan.extensionSteps(wanted, found)];
    work.unlike.push(...plan.unlikeInside(wanted, found));
    if (!dryRun && steps.length > 0) {
      // A database that was just made was agreed to with all that belongs to it.
      if (work.done.length === 0)
        await context.confirm(`To be changed in ${wanted.name} on ${session.host}:${session.port}:\n${list(steps)}\nGo on?`);
      await doSteps(session, steps, context.progress);
    }
    work.done.push(...steps);
    return answer(work, wanted, context, session);
  });
}

const list = (steps: readonly Step[]): string => steps.map(({ summary }) => `  ${summary}`).join('\n');

function answer(
  { done, unlike, isIdentified, madeByAnother }: Work,
  wanted: WantedDatabase,
  context: Context,
  session: Session,
): Answer {
  const state = context.globals.dryRun ? 'planned' : 'done';
  const items: Item[] = [
    ...unlike.map(({ what, message, fix }) =>
      item({
        id: what.replaceAll(' ', '-'),
        object: wanted.name,
        status: 'fail',
        severity: 'high',
        message,
        fix,
        state: 'unlike',
        sql: null,
      }),
    ),
    ...done.map(({ id, object, summary, sql }) => item({ id: id.replaceAll(' ', '-'), object, message: summary, state, sql })),
  ];
  const isNothing = done.length === 0 && unlike.length === 0;
  return {
    ok: unlike.length === 0 && (state === 'done' || done.length === 0),
    items,
    summary: { ...countByStatus(items), steps: done.length, state, systemIdentifier: session.systemIdentifier },
    target: { ...context.target(session), database: wanted.name },
    view: {
      columns: [
        { field: 'state', title: '' },
        { field: 'message', title: '' },
      ],
      notes: [
        madeByAnother ? `${wanted.name} was made by somebody else in the same moment; it was compared, and not made here.` : '',
        isNothing ? `${wanted.name} is there, as configured.` : '',
        ...unlike.map(({ message, fix }) => `${message}. ${fix}`),
        isIdentified
          ? ''
          : `It is on server ${session.systemIdentifier ?? 'unknown'}. Let every command look before it does anything: dbctl db identify --env ${context.globals.env}`,
      ].filter((note) => note !== ''),
    },
  };
}
