import type { RowSecurity, SecuredObject } from '../catalog/model.ts';
import { didYouMean } from '../desired/did-you-mean.ts';
import { fits } from '../desired/pattern.ts';
import type { Comparison } from './inputs.ts';
import type { Difference } from './model.ts';

/** Tables whose row-level security is not as the file expects it, and tables that have some without the file knowing. */
export function rowSecurityDifferences({ file, catalog }: Comparison): Difference[] {
  const tables = catalog.objects.filter(({ kind }) => kind === 'table');
  const tableOf = (name: string): SecuredObject | undefined => tables.find(({ schema, bare }) => fits(name, schema ?? '', bare));
  const meant = didYouMean(catalog);
  const states = new Map(catalog.rowSecurity.map((state) => [state.relation, state]));
  const expected = Object.entries(file.row_security).flatMap(([table, wanted]) => {
    const because = `${file.label}:${file.place(['row_security', table]).line}`;
    const object = tableOf(table);
    if (object === undefined)
      return [
        {
          kind: 'unmatched',
          problem: `${table} of row_security is not there${meant(table, 'table')}`,
          pattern: table,
          because,
        } as const,
      ];
    const state: RowSecurity = states.get(object.id) ?? { relation: object.id, enabled: false, forced: false, policies: [] };
    const found = (problem: string, fix: string | null): Difference => ({
      kind: 'row-security',
      table: object.name,
      problem,
      fix,
      because,
    });
    const differing: Difference[] = [];
    if (wanted.enabled !== state.enabled)
      differing.push(found(...switchedRowSecurity(object.name, 'row level security', wanted.enabled)));
    if (wanted.forced !== state.forced) differing.push(found(...switchedForce(object.name, wanted.forced)));
    for (const policy of wanted.policies.filter((name) => !state.policies.includes(name)))
      differing.push(found(`the policy ${policy} is missing`, null));
    for (const policy of state.policies.filter((name) => !wanted.policies.includes(name)))
      differing.push(found(`it has a policy that the file does not know: ${policy}`, null));
    return differing;
  });
  const named = new Set(Object.keys(file.row_security).map(tableOf));
  const unknown = catalog.rowSecurity.flatMap(({ relation }): Difference[] => {
    const object = catalog.objects.find(({ kind, id }) => kind === 'table' && id === relation);
    if (object === undefined || object.schema === null || !file.schemas.includes(object.schema) || named.has(object)) return [];
    return [
      {
        kind: 'row-security',
        table: object.name,
        problem: 'it has policies or row-level security, and row_security does not name it',
        fix: null,
        because: file.label,
      },
    ];
  });
  return [...expected, ...unknown];
}

function switchedRowSecurity(table: string, what: string, on: boolean): [problem: string, fix: string] {
  return [`${what} is ${on ? 'off' : 'on'}`, `alter table ${table} ${on ? 'enable' : 'disable'} row level security`];
}

function switchedForce(table: string, on: boolean): [problem: string, fix: string] {
  return [
    `row level security is ${on ? 'not ' : ''}forced on the owner`,
    `alter table ${table} ${on ? '' : 'no '}force row level security`,
  ];
}
