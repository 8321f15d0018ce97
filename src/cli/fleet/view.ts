import { countByStatus, item, type Answer, type Item, type View } from '../../core/report.ts';
import { exitOf, namesText, type Asked, type Looked } from './looked.ts';
import { fleetMetrics } from './metrics.ts';

/** More lines than these nobody reads: then only targets that are not as wanted have one. */
const MOST_LISTED = 50;

/** A line for each target, then what the command would show of each, with the target named. Pure. */
export function fleetView(looked: readonly Looked[], items: readonly Item[], { command }: Asked): View {
  const views = looked.flatMap(({ end }) => (end.kind === 'answered' && end.answer.view !== undefined ? [end.answer.view] : []));
  const [first = {}] = views;
  const rows = looked.map(targetRow);
  const wanting = rows.filter(({ status }) => status !== 'pass');
  const isLong = rows.length > MOST_LISTED;
  const columns = first.columns ?? (first.text === undefined ? undefined : TEXT_COLUMNS);
  return {
    title: `dbctl ${command} of ${looked.length} targets`,
    overview: { columns: COLUMNS, rows: isLong ? wanting : rows },
    ...(columns === undefined ? {} : { columns: [{ field: 'target', title: 'target' }, ...columns] }),
    ...hiddenOf(first, items),
    ...(first.least === undefined ? {} : { least: first.least }),
    notes: [...(isLong ? [restText(rows.length - wanting.length)] : []), ...notes(looked)],
    metrics: fleetMetrics(looked),
  };
}

/** A list of a hundred databases is read for what stands out. */
function hiddenOf({ hidden, columns }: View, items: readonly Item[]): Pick<View, 'hidden'> | undefined {
  if (hidden !== undefined) return { hidden };
  return columns !== undefined && items.length > MOST_LISTED ? { hidden: ['pass'] } : undefined;
}

const TEXT_COLUMNS = [
  { field: 'id', title: 'id' },
  { field: 'object', title: 'object' },
  { field: 'message', title: '' },
];

const COLUMNS = [
  { field: 'object', title: 'target' },
  { field: 'database', title: 'database' },
  { field: 'server', title: 'server' },
  { field: 'version', title: 'version' },
  { field: 'message', title: 'answer' },
  ...(['failed', 'unknown', 'waived', 'passed'] as const).map((field) => ({ field, title: field, align: 'right' as const })),
];

function targetRow(one: Looked): Item {
  const { target, end } = one;
  if (end.kind === 'unseen') {
    return item({ id: 'target', object: target.name, status: 'unknown', message: `not looked at: ${end.error.code}` });
  }
  const { fail, unknown, waived, pass } = countByStatus(end.answer.items);
  return item({
    id: 'target',
    object: target.name,
    status: exitOf(one) === 0 ? (unknown > 0 ? 'unknown' : 'pass') : 'fail',
    message: exitOf(one) === 0 ? 'ok' : 'not ok',
    ...placeOf(end.answer),
    failed: fail,
    unknown,
    waived,
    passed: pass,
  });
}

function placeOf({ target }: Answer): Readonly<Record<'database' | 'server' | 'version', string>> {
  if (target === undefined || target === null) return { database: '', server: '', version: '' };
  return { database: target.database, server: `${target.host}:${target.port}`, version: target.serverVersion ?? '' };
}

const restText = (rest: number): string =>
  `${rest} targets are as wanted and have no line; --format json has one of each in summary.fleet.targets.`;

/** What many say alike is said once. */
function notes(looked: readonly Looked[]): string[] {
  const sayers = new Map<string, string[]>();
  for (const { target, end } of looked) {
    if (end.kind === 'unseen') continue;
    for (const note of end.answer.view?.notes ?? []) sayers.set(note, [...(sayers.get(note) ?? []), target.name]);
  }
  return [...sayers].map(([note, names]) => `${names.length === looked.length ? 'all' : namesText(names)}: ${note}`);
}
