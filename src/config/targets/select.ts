import { fail } from '../../core/errors.ts';
import { suggest } from '../../core/suggest.ts';
import type { FleetTarget, Inventory } from './load.ts';

/** `--label key=value`. */
export interface Label {
  readonly key: string;
  readonly value: string;
}

/** Reads `key=value`; throws an Error that says what was expected. */
export function parseLabel(text: string): Label {
  const [, key, value] = /^([^=\s]+)=(\S+)$/.exec(text) ?? [];
  if (key === undefined || value === undefined) throw new Error(`a label is written key=value, not ${JSON.stringify(text)}`);
  return { key, value };
}

export const labelText = ({ key, value }: Label): string => `${key}=${value}`;

/**
 * The targets that have all the labels, in the order of the file; two values for one key mean either. Fails with usage where none is left: a
 * report about nothing would look like one without findings.
 */
export function selectTargets({ label: file, targets }: Inventory, labels: readonly Label[]): readonly FleetTarget[] {
  for (const label of labels) refuseUnknown(label, file, targets);
  const keys = new Set(labels.map(({ key }) => key));
  const wanted = [...keys].map((key) => [key, new Set(labels.flatMap((one) => (one.key === key ? [one.value] : [])))] as const);
  const chosen = targets.filter((target) => wanted.every(([key, values]) => values.has(valueOf(target, key) ?? '')));
  if (chosen.length > 0) return chosen;
  return fail('usage', `no target of ${file} has all of ${labels.map(labelText).join(', ')}`, {
    hint: `Each is had by some of its ${targets.length} targets, and by none together.`,
  });
}

function refuseUnknown({ key, value }: Label, file: string, targets: readonly FleetTarget[]): void {
  const values = new Set(targets.flatMap((target) => valueOf(target, key) ?? []));
  if (values.has(value)) return;
  const known = values.size === 0 ? new Set(targets.flatMap(({ labels }) => Object.keys(labels))) : values;
  const meant = suggest(values.size === 0 ? key : value, known);
  const what = values.size === 0 ? `the label ${key}` : labelText({ key, value });
  const others = [...known].toSorted();
  fail('usage', `no target of ${file} has ${what}${meant === undefined ? '' : `, did you mean ${meant}`}`, {
    hint:
      others.length === 0
        ? 'None of them has labels.'
        : `${values.size === 0 ? 'Labels are' : `Values of ${key} are`} ${shortList(others)}.`,
  });
}

/** Own keys only: a label may be called `constructor`. */
function valueOf({ labels }: FleetTarget, key: string): string | undefined {
  return Object.hasOwn(labels, key) ? labels[key] : undefined;
}

function shortList(words: readonly string[]): string {
  const rest = words.length - 10;
  return rest <= 0 ? words.join(', ') : `${words.slice(0, 10).join(', ')} and ${rest} more`;
}
