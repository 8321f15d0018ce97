import { fail } from '../../core/errors.ts';
import type { ConnectionTarget } from '../../runtime/connection/target.ts';
import { ident } from '../../db/ident.ts';
import { chosenEngine } from './choose-engine.ts';
import { copyDatabaseSettings } from './database-settings.ts';
import { withDevLock } from './dev-lock.ts';
import type { RunningServer } from './engine.ts';
import type { Control, DevEnvironment, DevProject } from './environment.ts';
import { fingerprint } from './fingerprint.ts';
import type { Major } from './lines.ts';
import { refuseHeld } from './held.ts';
import { planReset, type FoundDatabase, type ResetStep } from './reset-plan.ts';
import { withDevSession, type DevSession } from './session.ts';
import { stateFolder } from './state.ts';
import { localTarget } from './target.ts';
import { resetNames, type ResetNames } from './template-name.ts';

/** What a fresh database holds, and how it gets it. */
export interface ResetContent {
  /** For people: `migrations/ and the dev seed`. */
  readonly description: string;
  /** Files and folders the content comes from: when one changes, the template is built anew. */
  readonly sources: readonly string[];
  /** What else decides the content: the seed's name, dbctl's own version. */
  readonly words: readonly string[];
  /** Fills an empty database. When it fails, the project's database stays as it was. */
  fill(target: ConnectionTarget): Promise<void>;
}

export interface ResetWish {
  readonly major: Major;
  readonly dryRun?: boolean;
}

export interface ResetOutcome {
  readonly server: RunningServer;
  readonly names: ResetNames;
  readonly steps: readonly ResetStep[];
}

/**
 * Puts the project's database on its development server back to a fresh one: copied from a template, which is built once for each content. Works on that
 * server only, found by trying, never on what an environment names. Sessions on the old database are ended.
 * Fails with db.unreachable when the server does not run, with refused while rows of the database are held, and with what `content.fill` throws.
 */
export async function devReset(
  environment: DevEnvironment,
  project: DevProject,
  content: ResetContent,
  wish: ResetWish,
  control: Control,
): Promise<ResetOutcome> {
  const state = stateFolder(environment, wish.major);
  const names = resetNames(project.dev.database, await fingerprint(content.sources, content.words));
  const act = async (): Promise<ResetOutcome> => {
    const engine = await chosenEngine(environment, project, state, undefined, control);
    const found = await engine.inspect();
    if (found.kind !== 'running') {
      fail('db.unreachable', `the development server of ${project.project} does not run`, {
        hint: 'Start it with dbctl dev up.',
      });
    }
    return { server: found.server, names, steps: await resetOn(found.server, names, content, wish, control) };
  };
  return wish.dryRun === true ? act() : withDevLock(state, control, act);
}

async function resetOn(
  server: RunningServer,
  names: ResetNames,
  content: ResetContent,
  wish: ResetWish,
  control: Control,
): Promise<readonly ResetStep[]> {
  await refuseHeld(server, names.database, control.signal);
  return withDevSession(server, control.signal, async (session) => {
    const steps = planReset(await session.rows<FoundDatabase>(DATABASES), names, content.description);
    if (wish.dryRun === true) return steps;
    const target = localTarget(server, names.template);
    for (const step of steps) {
      // Again, at the last moment: building a template takes as long as somebody needs to place a hold.
      if (step.id === 'swap') await refuseHeld(server, names.database, control.signal);
      await applyStep(session, step, names, () => content.fill(target), control);
    }
    return steps;
  });
}

async function applyStep(
  session: DevSession,
  step: ResetStep,
  names: ResetNames,
  fill: () => Promise<void>,
  control: Control,
): Promise<void> {
  const shown = control.progress.step(step.summary);
  try {
    if (step.id === 'build') await build(session, names.template, fill);
    else if (step.id === 'copy') await copy(session, step, names);
    else for (const statement of (step.sql ?? '').split('\n')) await session.rows(statement);
  } catch (thrown) {
    shown.failed();
    throw thrown;
  }
  shown.done();
}

/** template0, so that nothing somebody put into template1 gets into it. Marked as the last act: without the mark it is half built. */
async function build(session: DevSession, name: string, fill: () => Promise<void>): Promise<void> {
  await session.rows(`create database ${ident(name)} template template0`);
  await fill();
  await session.rows(`alter database ${ident(name)} is_template true allow_connections false`);
}

/** Copied beside the old one: a copy that fails, for want of disk for instance, leaves the project its database. */
async function copy(session: DevSession, step: ResetStep, names: ResetNames): Promise<void> {
  await preferClones(session);
  await session.rows(step.sql ?? '');
  await copyDatabaseSettings(session, names.template, names.next);
}

/** On file systems that share blocks between copies (XFS, Btrfs, APFS) file_copy then takes no time and no room; since PostgreSQL 18. */
async function preferClones(session: DevSession): Promise<void> {
  await session.rows(CLONE);
}

const CLONE = /* sql */ `
select pg_catalog.set_config(s.name, 'clone', false)
from pg_catalog.pg_settings s
where s.name = 'file_copy_method' and 'clone' = any (s.enumvals)`;

const DATABASES = /* sql */ `
select d.datname::text as name, d.datistemplate as finished, pg_catalog.pg_database_size(d.oid)::pg_catalog.float8 as bytes
from pg_catalog.pg_database d
where d.datname not in ('template0', 'template1')
-- Object ids rise: the order of making.
order by d.oid`;
