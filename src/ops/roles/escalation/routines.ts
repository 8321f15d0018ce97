import { ident } from '../../../db/ident.ts';
import type { SecuredObject } from '../catalog/model.ts';
import type { RoutineDetail } from './details.ts';
import type { Evidence, Facts, Rule } from './model.ts';

/** SECURITY DEFINER routines whose names the caller decides about. */
export const ROUTINE_RULES: readonly Rule[] = [
  {
    id: 'definer-without-search-path',
    paths: [14],
    severity: 'critical',
    title: 'a SECURITY DEFINER routine without search_path',
    why: 'a temporary table named like the one its body reads was read instead, and the answer was the attacker’s',
    judge: (facts) =>
      definers(
        facts,
        ({ searchPath }) => searchPath === null,
        (object) => [
          'its body takes what it names from the schemas of its caller, temporary ones first',
          [object.schema ?? '', 'pg_temp'],
        ],
      ),
  },
  {
    id: 'definer-temp-schema-first',
    paths: [15],
    severity: 'critical',
    title: 'a SECURITY DEFINER routine whose search_path does not end with pg_temp',
    why: 'with search_path = app a temporary table was still found first, and a temporary view ran code as the owner, who granted DELETE',
    judge: (facts) =>
      definers(facts, isTempFirst, (_object, { searchPath }) => [
        'temporary tables and views of its caller are found before those of its search_path, and run with the rights of its owner',
        [...schemasOf(searchPath ?? '').filter((schema) => schema !== 'pg_temp'), 'pg_temp'],
      ]),
  },
];

/** An empty search_path makes the body name schemas; else pg_temp, unless it is named last, is searched first (namespace.c). */
function isTempFirst({ searchPath }: RoutineDetail): boolean {
  if (searchPath === null) return false;
  const schemas = schemasOf(searchPath);
  return schemas.length > 0 && schemas.indexOf('pg_temp') !== schemas.length - 1;
}

/** The schemas of a search_path as the catalog has it: `app, "$user", ""`. */
function schemasOf(searchPath: string): string[] {
  const parts = searchPath.matchAll(/"((?:[^"]|"")*)"|([^,"\s]+)/g);
  return [...parts].map(([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain ?? '').filter((schema) => schema !== '');
}

function definers(
  facts: Facts,
  broken: (detail: RoutineDetail) => boolean,
  words: (object: SecuredObject, detail: RoutineDetail) => [message: string, path: readonly string[]],
): Evidence[] {
  const fired = new Set(facts.details.triggers.map(({ routine }) => routine));
  const callers = new Map<number, Evidence['ways'][number][]>();
  for (const { object, ways } of facts.grants) {
    if (object.kind === 'routine') callers.set(object.id, [...(callers.get(object.id) ?? []), ...ways]);
  }
  return facts.details.routines.flatMap((detail): Evidence[] => {
    const object = facts.routines.get(detail.id);
    // A body that was resolved when it was made, and one in C, take no names from the search path.
    if (object === undefined || !detail.definer || detail.atomic || ['c', 'internal'].includes(detail.language)) return [];
    if (!broken(detail)) return [];
    // Of a trigger nobody asks for EXECUTE: whoever writes to its table runs it.
    const ways = callers.get(object.id) ?? (fired.has(object.id) ? facts.holders(0) : []);
    if (ways.length === 0) return [];
    const [message, path] = words(object, detail);
    return [
      {
        object: `${object.what} ${object.name}`,
        role: facts.names.of(object.owner),
        message: `it runs as ${facts.names.of(object.owner)}, and ${message}`,
        fix: `alter routine ${object.name} set search_path = ${path.map(ident).join(', ')};`,
        ways,
        detail: { owner: facts.names.of(object.owner), searchPath: detail.searchPath },
      },
    ];
  });
}
