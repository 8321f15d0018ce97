import { resolve } from 'node:path';
import type { LoadedConfig } from '../config/load.ts';
import type { CommandSpec, ParsedOptions } from '../core/command.ts';
import { SEVERITIES, type Answer } from '../core/report.ts';
import type { Session } from '../db/session.ts';
import type { Check } from '../ops/verify/check.ts';
import type { Facts } from '../ops/verify/facts.ts';
import type { Outcome } from '../ops/verify/outcome.ts';
import type { Selected } from '../ops/verify/select.ts';
import type { VerifyRequest } from '../ops/verify/verify.ts';
import type { Context } from './context.ts';
import { refuseTogether } from './verify-options.ts';
import { projectChecks } from './verify-project.ts';
import { requestOf, select, VERIFY_SESSION } from './verify-request.ts';
import type { save as saveSnapshot } from './verify-snapshot.ts';

export const spec: CommandSpec = {
  name: 'verify',
  summary: 'check the server and the database against the policy of the project',
  description:
    'Runs the checks that come with dbctl and those in the checks folder of the project, in one read-only snapshot and a handful of ' +
    'messages. Any login role will do: what it cannot see is reported as unknown, with the statement that would show it, and never as ' +
    'passed; --print-grants has those statements for a role made for this. Findings somebody answers for are kept in the waivers ' +
    'file. Exit 1 when a finding is at or above --fail-on, or a check of verify.required could not look.',
  effect: 'reads',
  targets: true,
  options: [
    {
      flags: '--fail-on <severity>',
      description: 'lowest severity that makes the answer no (default: verify.fail_on)',
      choices: SEVERITIES,
    },
    {
      flags: '--profile <name>',
      description: 'which checks count, and how much (default: verify.profile)',
      choices: ['baseline', 'hardened', 'cis-18', 'managed'],
    },
    { flags: '--only <ids>', description: 'run these checks, whatever dbctl.yaml says (comma-separated)', repeatable: true },
    {
      flags: '--group <groups>',
      description: 'run the checks of these groups (comma-separated; default: verify.groups)',
      repeatable: true,
    },
    {
      flags: '--deep <duration>',
      description:
        'also read indexes and tables themselves, smallest first, for at most this long such as 60s; needs the extension amcheck',
    },
    { flags: '--strict', description: 'unknown and skipped checks make the answer no, too' },
    { flags: '--strict-waivers', description: 'a waiver that covers nothing makes the answer no, too' },
    {
      flags: '--baseline <file>',
      description: 'report of an earlier run (json): what it has is known, and only what is new or grew worse counts',
    },
    { flags: '--save <file>', description: 'keep what the server said, to be judged again without it' },
    {
      flags: '--snapshot <file>',
      description: 'judge what --save kept: by the policy, waivers and severities of today, without a server',
    },
    {
      flags: '--watch [interval]',
      description:
        'look again and again, every 30s if not said, and print what changed; Ctrl-C, or a reader that goes away, ends it with the ' +
        'last look and its exit status (3 or 4 where the server was away)',
    },
    { flags: '--list', description: 'show the checks and run none; needs no server' },
    { flags: '--print-sql', description: 'print the files of the checks and run none; needs no server' },
    {
      flags: '--print-grants',
      description: 'print a script that lets a role see what the checks look at, and run none; needs no server',
    },
    {
      flags: '--effective',
      description:
        'show which TimeZone, search_path, row_security and synchronous_commit each login gets in each database, and run none',
    },
    { flags: '--role <name>', description: 'with --print-grants: the role (default: dbctl_verify)' },
    { flags: '--nologin', description: 'with --print-grants: a group that logins are made members of, and no login' },
  ],
  examples: [
    ['dbctl verify --env prod', 'what is wrong with production?'],
    ['dbctl verify --fail-on high --format github', 'gate a pipeline, with the findings as annotations'],
    ['dbctl verify --group locale,time', 'the checks of two groups'],
    ['dbctl verify --profile cis-18 --env prod --out json=cis.json', 'every item of CIS PostgreSQL 18, and what answers it'],
    ['dbctl verify --only version-pin --print-sql', 'read the query before letting it near a server'],
    ['dbctl verify --env prod --out json=baseline.json', 'write down what is wrong today …'],
    ['dbctl verify --env prod --baseline baseline.json', '… and from then on say no to what is new, or worse than then'],
    ['dbctl verify --env prod --save prod.snapshot', 'let somebody who may not log in judge it …'],
    ['dbctl verify --env prod --snapshot prod.snapshot --fail-on low', '… without the server'],
    ['dbctl verify --env prod --watch 1min --format ndjson', 'an event a line for each finding that comes or goes'],
    ['dbctl verify --effective', 'what a new session begins with, by login and database'],
    ['dbctl verify --print-grants --role nightly', 'the role that sees enough, as a script to read and run'],
    ['dbctl verify --deep 5min', 'look for damaged indexes and tables too, for five minutes'],
    ['dbctl verify --list', 'every check with its group and severity'],
  ],
};

export async function run(options: ParsedOptions, context: Context): Promise<Answer> {
  refuseTogether(options, context);
  if (options['effective'] === true) return (await import('./verify-effective.ts')).showEffective(context);
  const loaded = await context.config();
  const checks = await projectChecks(loaded, context);
  const selected = await select(checks, options, loaded);
  if (options['printSql'] === true || options['list'] === true) return show(selected, options['printSql'] === true);
  if (options['printGrants'] === true) return (await import('./verify-grants.ts')).showGrants(selected, options, context);
  const request = await requestOf(selected, checks, options, context);
  return { ...(await judged(request, options, context)), locate: () => places(checks, loaded, context) };
}

async function judged(request: VerifyRequest, options: ParsedOptions, context: Context): Promise<Answer> {
  const [save, snapshot] = [options['save'] as string | undefined, options['snapshot'] as string | undefined];
  if (snapshot !== undefined) return (await import('./verify-snapshot.ts')).judgeSnapshot(snapshot, request, context);
  const once = async () => {
    const looking = new AbortController();
    // Begun beside the connecting. Where that fails, what was looked for does not matter any more.
    const facts = factsFor(request, { ...context, signal: AbortSignal.any([context.signal, looking.signal]) });
    facts.catch(() => {});
    try {
      return await context.withDatabase(VERIFY_SESSION, (session) => look(session, facts, request, context, save));
    } finally {
      looking.abort();
    }
  };
  if (options['watch'] === undefined) return once();
  const { intervalOf, watch } = await import('./verify-watch.ts');
  return watch(once, intervalOf(options['watch']), context);
}

/** Asked for by the formats that point at a line of a file, and by no other. */
async function places(checks: readonly Check[], { config, file, folder }: LoadedConfig, { cwd, globals }: Context) {
  const { locator } = await import('../ops/verify/places/locate.ts');
  const [rolesFile, migrationsFolder] = [resolve(folder, config.roles.file), resolve(folder, config.migrations.folder)];
  return locator({ checks, cwd, configFile: file, rolesFile, migrationsFolder, environment: globals.env });
}

async function show({ run: checks }: Selected, asSql: boolean): Promise<Answer> {
  const { catalogue, checksText } = await import('../ops/verify/catalogue.ts');
  const columns = [
    { field: 'id', title: 'check' },
    { field: 'severity', title: 'severity' },
    { field: 'group', title: 'group' },
    { field: 'title', title: 'passes when' },
  ];
  const view = asSql ? { text: checksText(checks) } : { columns };
  return { ok: true, items: catalogue(checks), summary: { checks: checks.length }, view };
}

async function factsFor({ selected }: VerifyRequest, context: Context): Promise<Facts> {
  const { verifyFacts } = await import('./verify-facts.ts');
  return verifyFacts(selected.run, context);
}

async function look(
  session: Session,
  facts: Promise<Facts>,
  request: VerifyRequest,
  context: Context,
  save?: string,
): Promise<Answer> {
  const [{ runChecks }, { verdictOn }] = await Promise.all([import('../ops/verify/run.ts'), import('../ops/verify/verify.ts')]);
  const seen = await runChecks(session, request.selected.run, { ...request, facts: await facts });
  const saved = save === undefined ? [] : [await keep(save, seen, session, request, context)];
  const outcomes = [...seen.outcomes, ...(await lookDeeper(session, request))];
  const { ok, items, summary, notes, overview } = verdictOn(outcomes, { ...session, vendor: seen.vendor }, request);
  const view = { hidden: ['pass' as const], ...(overview === undefined ? {} : { overview }), notes: [...notes, ...saved] };
  return { ok, items, summary, target: context.target(session), view };
}

async function lookDeeper(session: Session, request: VerifyRequest): Promise<Outcome[]> {
  const { deepMs: budgetMs = null } = request;
  if (budgetMs === null) return [];
  const { verifyDeep } = await import('../ops/verify/deep.ts');
  return verifyDeep(session, { ...request, budgetMs });
}

async function keep(...args: Parameters<typeof saveSnapshot>): Promise<string> {
  const { save } = await import('./verify-snapshot.ts');
  return save(...args);
}
