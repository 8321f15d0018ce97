import { item, SEVERITIES, type Item, type Severity, type View } from '../core/report.ts';
import type { Step } from '../core/step.ts';

/** More lines than a terminal shows at once are summed up; --full lists them, and the formats for programs always do. */
export const MOST_LISTED = 40;

/** The option of the commands whose lists are summed up. */
export const FULL = { flags: '--full', description: `list everything, also where it is more than ${MOST_LISTED} lines` } as const;

/** How people see findings: one by one, or, where they are too many, a line for each role and kind of finding, worst first. */
export function findingsView(items: readonly Item[], full: boolean): View {
  if (full || items.length <= MOST_LISTED) return {};
  // Roles that are missing are told apart by what is missing: themselves.
  const groups = grouped(items, ({ id, detail }) => (id === 'role-missing' ? id : `${id}\n${roleOf(detail)}`));
  const rows = groups.map((group): Item => {
    const severity = worst(group);
    const [first] = group;
    const object = examples(group.map((one) => one.object));
    return item({
      id: first?.id ?? '',
      object,
      message: '',
      severity,
      role: first === undefined || first.id === 'role-missing' ? '' : roleOf(first.detail),
      count: group.length,
    });
  });
  return {
    hidden: ['fail'],
    overview: {
      columns: [
        { field: 'severity', title: 'severity' },
        { field: 'id', title: 'finding' },
        { field: 'role', title: 'role' },
        { field: 'count', title: '', align: 'right' },
        { field: 'object', title: 'of' },
      ],
      rows: rows.toSorted((a, b) => rank(a) - rank(b) || Number(b['count']) - Number(a['count'])),
    },
  };
}

/** How people see a plan that is too long: what gives by kind of step, what takes away line by line. */
export function planView(gives: readonly Step[], takes: readonly Step[], full: boolean): View {
  if (full || gives.length + takes.length <= MOST_LISTED) return {};
  const rows = summedSteps(gives).map(({ id, count, objects }) =>
    item({ id, object: '', effect: 'gives', count, message: `${id}: ${objects}` }),
  );
  return {
    hidden: ['pass'],
    overview: {
      columns: [
        { field: 'effect', title: '' },
        { field: 'count', title: '', align: 'right' },
        { field: 'message', title: 'what' },
      ],
      rows: [...rows, ...takes.map(({ id, summary }) => item({ id, object: '', effect: 'takes', count: 1, message: summary }))],
    },
  };
}

/** Steps of one kind together, with a few of what they are done to. */
export function summedSteps(steps: readonly Step[]): { id: string; count: number; objects: string }[] {
  return grouped(steps, ({ id }) => id).map((group) => ({
    id: group[0]?.id ?? '',
    count: group.length,
    objects: examples(group.map(({ object }) => object)),
  }));
}

function grouped<T>(all: readonly T[], key: (one: T) => string): T[][] {
  const groups = new Map<string, T[]>();
  for (const one of all) {
    const group = groups.get(key(one));
    if (group === undefined) groups.set(key(one), [one]);
    else group.push(one);
  }
  return [...groups.values()];
}

const MOST_EXAMPLES = 3;

function examples(names: readonly string[]): string {
  const some = [...new Set(names)];
  return [...some.slice(0, MOST_EXAMPLES), ...(some.length > MOST_EXAMPLES ? ['…'] : [])].join(', ');
}

function roleOf(detail: Item['detail']): string {
  const role = typeof detail === 'object' && detail !== null && 'role' in detail ? detail['role'] : null;
  return typeof role === 'string' ? role : '';
}

const worst = (group: readonly Item[]): Severity =>
  SEVERITIES.find((severity) => group.some((one) => one.severity === severity)) ?? 'info';

const rank = ({ severity }: Item): number => SEVERITIES.indexOf(severity);
