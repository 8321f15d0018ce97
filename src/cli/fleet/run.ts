import type { Command } from '../../commands/context.ts';
import type { LoadedConfig } from '../../config/load.ts';
import type { FleetTarget, Inventory } from '../../config/targets/load.ts';
import type { DbctlError } from '../../core/errors.ts';
import { fail } from '../../core/errors.ts';
import type { Log } from '../../core/log.ts';
import type { Progress } from '../../core/progress.ts';
import type { Answer } from '../../core/report.ts';
import { atOnce } from '../../ops/storage/at-once.ts';
import { readConfig } from '../context.ts';
import type { GlobalOptions } from '../globals.ts';
import type { Io } from '../io.ts';
import { buildLog } from '../log.ts';
import type { Redactor } from '../secrets.ts';
import { fleetAnswer } from './answer.ts';
import { lookAt, type Surroundings } from './look.ts';
import type { Looked } from './looked.ts';
import { refuseCommand } from './refuse.ts';

export interface FleetRequest {
  readonly command: Command;
  readonly options: Readonly<Record<string, unknown>>;
  readonly globals: GlobalOptions;
  /** From `--targets`. */
  readonly file: string;
}

/**
 * Runs a command that reads over every target of an inventory, so many at a time, each as if it ran alone. What becomes of one target is part of
 * the answer; with a target that was not looked at there is an error besides. Fails with usage for a command that does not take targets and for
 * what is wrong with its own options, with config.invalid for the files all targets share.
 */
export async function runFleet(
  io: Io,
  { command, options, globals, file }: FleetRequest,
  { redactor, progress }: { readonly redactor: Redactor; readonly progress: Progress },
): Promise<{ answer: Answer; error: DbctlError | null }> {
  refuseCommand(command.spec);
  const log = await buildLog(io, globals, redactor);
  const once = sayingOnce(log);
  const load = onceEach((env) => readConfig(io, { ...globals, env }, once));
  const { inventory, targets } = await chooseTargets(io, globals, file, (await load(globals.env)).config.environments);
  // The configuration of every environment, before anything is connected to: what is wrong with it is nobody's finding.
  for (const { environment = globals.env } of targets) await load(environment);
  if (targets.some(({ url }) => url !== undefined)) warnOfLogin(io, inventory, log);
  const surroundings: Surroundings = { io, globals, redactor, log, inventory, load };
  const looked = await lookAtAll(targets, { command, options, surroundings, progress });
  const labels = globals.labels.map(({ key, value }) => `${key}=${value}`);
  return fleetAnswer(looked, { command: command.spec.name, file: inventory.label, labels, parallel: globals.parallel });
}

async function chooseTargets(
  io: Io,
  { labels }: GlobalOptions,
  file: string,
  environments: LoadedConfig['config']['environments'],
): Promise<{ inventory: Inventory; targets: readonly FleetTarget[] }> {
  const [{ loadTargets }, { selectTargets }] = await Promise.all([
    import('../../config/targets/load.ts'),
    import('../../config/targets/select.ts'),
  ]);
  const inventory = await loadTargets(file, io.cwd, Object.keys(environments));
  return { inventory, targets: selectTargets(inventory, labels) };
}

interface Work extends Pick<FleetRequest, 'command' | 'options'> {
  readonly surroundings: Surroundings;
  readonly progress: Progress;
}

/** In the order of the inventory, whichever ended first. */
async function lookAtAll(targets: readonly FleetTarget[], work: Work): Promise<Looked[]> {
  const { command, options, surroundings, progress } = work;
  const { parallel } = surroundings.globals;
  const step = progress.step(`${command.spec.name} on ${targets.length} targets, ${parallel} at a time`, targets.length);
  const looked: Looked[] = [];
  try {
    // Ctrl-C ends each target by its own signal, so that there is an answer about all of them.
    await atOnce([...targets.entries()], parallel, new AbortController().signal, async ([index, target]) => {
      looked[index] = await lookAt(target, command, options, surroundings);
      step.tick(1, target.name);
    });
  } catch (thrown) {
    step.failed();
    throw thrown;
  }
  const unseen = looked.filter(({ end }) => end.kind === 'unseen').length;
  step.done(unseen === 0 ? 'all answered' : `${unseen} not looked at`);
  return looked;
}

function onceEach<T>(make: (key: string) => Promise<T>): (key: string) => Promise<T> {
  const made = new Map<string, Promise<T>>();
  return (key) => {
    const known = made.get(key) ?? make(key);
    made.set(key, known);
    return known;
  };
}

/** What is wrong with dbctl.yaml in every environment is said of the first. */
function sayingOnce(log: Log): Log {
  const said = new Set<string>();
  const warn: Log['warn'] = (message, fields) => {
    if (!said.has(message)) log.warn(message, fields);
    said.add(message);
  };
  return { ...log, warn };
}

function warnOfLogin(io: Io, { label }: Inventory, log: Log): void {
  const set = ['DB_USER', 'DB_PASSWORD'].filter((name) => io.variables[name] !== undefined);
  if (set.length > 0)
    log.warn(`${set.join(' and ')} not used for targets of ${label} with a URL of their own: a login is one database's`);
}

/** `--label`, `--parallel` and `--target-timeout` mean nothing without an inventory, and somebody who gives them means one. */
export function refuseStrayOptions({ targets, given }: Pick<GlobalOptions, 'targets' | 'given'>): void {
  const [stray] = given;
  if (targets !== undefined || stray === undefined) return;
  fail('usage', `${stray} is about many databases, and --targets names none`, {
    hint: 'Name the inventory: --targets targets.yaml.',
  });
}
