import { fail, type ErrorCode } from '../../core/errors.ts';
import { didYouMean } from '../../core/header.ts';
import type { Check } from './check.ts';

export interface Selection {
  /** Ids from the command line: exactly these, whatever the configuration says. */
  readonly only?: readonly string[];
  /** Groups from the command line; without them those of `verify.groups`. */
  readonly groups?: readonly string[];
  readonly configuredGroups: 'all' | readonly string[];
  /** Ids of `verify.skip`. */
  readonly skip: readonly string[];
  /** Ids of `verify.required`. */
  readonly required: readonly string[];
}

export interface Selected {
  readonly run: readonly Check[];
  /** In the groups asked for, and left out by verify.skip. */
  readonly skipped: readonly Check[];
  /** They were named one by one: no profile takes any away. */
  readonly named: boolean;
}

/**
 * The checks a run is about. Fails with usage for a word on the command line that names no check or group, with config.invalid for
 * one in dbctl.yaml: a gate that silently runs nothing is worse than none.
 */
export function selectChecks(checks: readonly Check[], selection: Selection): Selected {
  const { only = [], groups = [], configuredGroups, skip, required } = selection;
  const [ids, groupNames] = [checks.map(({ id }) => id), [...new Set(checks.map(({ group }) => group))]];
  demand('usage', '--only', 'check', only, ids);
  demand('usage', '--group', 'group', groups, groupNames);
  demand('config.invalid', 'verify.skip', 'check', skip, ids);
  demand('config.invalid', 'verify.required', 'check', required, ids);
  if (configuredGroups !== 'all') demand('config.invalid', 'verify.groups', 'group', configuredGroups, groupNames);

  if (only.length > 0) return { run: checks.filter(({ id }) => only.includes(id)), skipped: [], named: true };
  const wanted = groups.length > 0 || configuredGroups === 'all' ? groups : configuredGroups;
  const inGroups = checks.filter(({ group }) => wanted.length === 0 || wanted.includes(group));
  return {
    run: inGroups.filter(({ id }) => !skip.includes(id)),
    skipped: inGroups.filter(({ id }) => skip.includes(id)),
    named: false,
  };
}

function demand(
  code: ErrorCode,
  where: string,
  kind: 'check' | 'group',
  names: readonly string[],
  known: readonly string[],
): void {
  const wrong = names.find((name) => !known.includes(name));
  if (wrong === undefined) return;
  fail(code, `${where}: no ${kind} "${wrong}"${didYouMean(wrong, known)}`, {
    hint: 'Run dbctl verify --list to see every check with its group.',
  });
}
