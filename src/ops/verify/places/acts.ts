import type { Node } from 'libpg-query';
import { signatureOf } from './signature.ts';

/**
 * An object as migrations name it: its kind and its names, such as ['relation', 'shop', 'orders'] or ['column', 'shop', 'orders', 'id'].
 * Tables, indexes, views and sequences are relations, because they share their names; functions, procedures and aggregates are routines, and
 * the types of their arguments are a last name of theirs, as JSON.
 */
export type Path = readonly [kind: string, ...names: string[]];

/** What a statement does to names. */
export type Act =
  /** `at`: byte in the file, where not the statement's first. */
  | { readonly does: 'define'; readonly path: Path; readonly at?: number }
  | { readonly does: 'drop'; readonly path: Path }
  /** Its last name becomes another. */
  | { readonly does: 'rename'; readonly path: Path; readonly to: string }
  | { readonly does: 'move'; readonly path: Path; readonly schema: string }
  | { readonly does: 'search'; readonly schema: string };

type Fields = Readonly<Record<string, unknown>>;

/** What the statement makes, renames, moves and drops; `schema` is where names without one go. Pure. */
export function actsOf(node: Node, schema: string): Act[] {
  const [type, fields] = (Object.entries(node) as [string, Fields][])[0] ?? ['', {}];
  switch (type) {
    case 'CreateStmt':
      return tableActs(fields, schema);
    case 'CreateForeignTableStmt':
      return tableActs(fields['base'] as Fields, schema);
    case 'AlterTableStmt':
      return alterActs(fields, schema);
    case 'IndexStmt':
      return indexActs(fields, schema);
    case 'ViewStmt':
      return [define('relation', ...rangeNames(fields['view'], schema))];
    case 'CreateTableAsStmt':
      return [define('relation', ...rangeNames((fields['into'] as Fields)['rel'], schema))];
    case 'CreateSeqStmt':
      return [define('relation', ...rangeNames(fields['sequence'], schema))];
    case 'CompositeTypeStmt':
      return [define('type', ...rangeNames(fields['typevar'], schema))];
    case 'CreateTrigStmt':
      return [define('trigger', ...rangeNames(fields['relation'], schema), text(fields['trigname']))];
    case 'CreateFunctionStmt':
      return [routine(fields['funcname'], fields['parameters'], schema)];
    case 'DefineStmt':
      return defineActs(fields, schema);
    case 'CreatePolicyStmt':
      return [define('policy', ...rangeNames(fields['table'], schema), text(fields['policy_name']))];
    case 'RenameStmt':
      return renameActs(fields, schema);
    case 'AlterObjectSchemaStmt':
      return moveActs(fields, schema);
    case 'DropStmt':
      return list(fields['objects']).flatMap((object) => dropActs(text(fields['removeType']), object, schema));
    case 'DropRoleStmt':
      return list(fields['roles']).map((role) => ({
        does: 'drop',
        path: ['role', text((role['RoleSpec'] as Fields)['rolename'])],
      }));
    case 'VariableSetStmt':
      return searchActs(fields);
    default:
      return namedActs(type, fields, schema);
  }
}

/** Statements that name what they make in one field. */
const NAMED: Readonly<Record<string, readonly [kind: string, field: string]>> = {
  CreateEnumStmt: ['type', 'typeName'],
  CreateRangeStmt: ['type', 'typeName'],
  CreateDomainStmt: ['type', 'domainname'],
  CreateSchemaStmt: ['schema', 'schemaname'],
  CreateExtensionStmt: ['extension', 'extname'],
  CreateRoleStmt: ['role', 'role'],
  CreateEventTrigStmt: ['event trigger', 'trigname'],
  CreatePublicationStmt: ['publication', 'pubname'],
  CreateSubscriptionStmt: ['subscription', 'subname'],
  CreateForeignServerStmt: ['server', 'servername'],
};

function namedActs(type: string, fields: Fields, schema: string): Act[] {
  const [kind, field = ''] = NAMED[type] ?? [];
  const value = fields[field];
  if (kind === undefined || value === undefined) return [];
  if (typeof value === 'string') return [define(kind, value)];
  return [define(kind, ...inSchema(strings(value), schema))];
}

/** A collation is a type to nobody but to this map: the two never share a name in the messages of a check. */
function defineActs({ kind, defnames, args }: Fields, schema: string): Act[] {
  if (kind !== 'OBJECT_AGGREGATE') return [define('type', ...inSchema(strings(defnames), schema))];
  const [items] = list(args);
  return [routine(defnames, (items?.['List'] as Fields | undefined)?.['items'], schema)];
}

function routine(names: unknown, parameters: unknown, schema: string): Act {
  return define('routine', ...inSchema(strings(names), schema), JSON.stringify(signatureOf(list(parameters))));
}

function tableActs(fields: Fields, schema: string): Act[] {
  const table = rangeNames(fields['relation'], schema);
  return [define('relation', ...table), ...list(fields['tableElts']).flatMap((element) => elementActs(element, table))];
}

/** A column with its constraints, or a constraint of the table. */
function elementActs(element: Fields, table: readonly [string, string]): Act[] {
  const column = element['ColumnDef'] as Fields | undefined;
  if (column === undefined) return constraintActs(element['Constraint'] as Fields | undefined, table, []);
  const name = text(column['colname']);
  const constraints = list(column['constraints']).map((constraint) => constraint['Constraint'] as Fields);
  return [
    { does: 'define', path: ['column', ...table, name], at: offset(column) },
    ...constraints.flatMap((constraint) => constraintActs(constraint, table, [name])),
  ];
}

/** How PostgreSQL ends the name of a constraint that was given none, and whether its columns stand in it. */
const ENDS: Readonly<Record<string, readonly [end: string, withColumns: boolean]>> = {
  CONSTR_PRIMARY: ['pkey', false],
  CONSTR_UNIQUE: ['key', true],
  CONSTR_FOREIGN: ['fkey', true],
  CONSTR_CHECK: ['check', true],
  CONSTR_EXCLUSION: ['excl', true],
};
const WITH_INDEX: ReadonlySet<unknown> = new Set(['CONSTR_PRIMARY', 'CONSTR_UNIQUE', 'CONSTR_EXCLUSION']);

function constraintActs(
  constraint: Fields | undefined,
  [schema, table]: readonly [string, string],
  columns: readonly string[],
): Act[] {
  const [end, withColumns] = ENDS[text(constraint?.['contype'])] ?? [];
  if (constraint === undefined || end === undefined) return [];
  const keys = [...columns, ...strings(constraint['keys']), ...strings(constraint['fk_attrs'])];
  const name = text(constraint['conname']) || [table, ...(withColumns === true ? keys : []), end].join('_');
  const at = offset(constraint);
  return [
    { does: 'define', path: ['constraint', schema, table, name], at },
    ...(WITH_INDEX.has(constraint['contype']) ? [{ does: 'define', path: ['relation', schema, name], at } as const] : []),
  ];
}

function alterActs(fields: Fields, schema: string): Act[] {
  const table = rangeNames(fields['relation'], schema);
  return list(fields['cmds']).flatMap((node): Act[] => {
    const command = node['AlterTableCmd'] as Fields;
    switch (command['subtype']) {
      case 'AT_AddColumn':
      case 'AT_AddConstraint':
        return elementActs(command['def'] as Fields, table);
      case 'AT_DropColumn':
        return [{ does: 'drop', path: ['column', ...table, text(command['name'])] }];
      case 'AT_DropConstraint':
        return [{ does: 'drop', path: ['constraint', ...table, text(command['name'])] }];
      default:
        return [];
    }
  });
}

function indexActs(fields: Fields, schema: string): Act[] {
  const [own, table] = rangeNames(fields['relation'], schema);
  const columns = list(fields['indexParams']).map((param) => text((param['IndexElem'] as Fields)['name']) || 'expr');
  return [define('relation', own, text(fields['idxname']) || [table, ...columns, 'idx'].join('_'))];
}

/** OBJECT_… of the grammar to the kinds of paths. */
const KINDS: Readonly<Record<string, string>> = {
  OBJECT_TABLE: 'relation',
  OBJECT_INDEX: 'relation',
  OBJECT_VIEW: 'relation',
  OBJECT_MATVIEW: 'relation',
  OBJECT_SEQUENCE: 'relation',
  OBJECT_FOREIGN_TABLE: 'relation',
  OBJECT_COLUMN: 'column',
  OBJECT_TABCONSTRAINT: 'constraint',
  OBJECT_TRIGGER: 'trigger',
  OBJECT_POLICY: 'policy',
  OBJECT_FUNCTION: 'routine',
  OBJECT_PROCEDURE: 'routine',
  OBJECT_ROUTINE: 'routine',
  OBJECT_AGGREGATE: 'routine',
  OBJECT_TYPE: 'type',
  OBJECT_DOMAIN: 'type',
  OBJECT_COLLATION: 'type',
  OBJECT_SCHEMA: 'schema',
  OBJECT_EXTENSION: 'extension',
  OBJECT_ROLE: 'role',
  OBJECT_EVENT_TRIGGER: 'event trigger',
  OBJECT_PUBLICATION: 'publication',
};

function renameActs(fields: Fields, schema: string): Act[] {
  const path = alteredPath(text(fields['renameType']), fields, schema);
  return path === null ? [] : [{ does: 'rename', path, to: text(fields['newname']) }];
}

function moveActs(fields: Fields, schema: string): Act[] {
  const path = alteredPath(text(fields['objectType']), fields, schema);
  return path === null || path.length < 3 ? [] : [{ does: 'move', path, schema: text(fields['newschema']) }];
}

/** What RENAME and SET SCHEMA are about: a relation, something of it by its `subname`, or an object by its names. */
function alteredPath(type: string, { relation, subname, object }: Fields, schema: string): Path | null {
  const kind = KINDS[type];
  if (kind === undefined) return null;
  if (relation !== undefined) {
    const table = rangeNames(relation, schema);
    return kind === 'relation' ? [kind, ...table] : [kind, ...table, text(subname)];
  }
  if (object !== undefined) return [kind, ...inSchema(objectNames(object as Fields), schema), ...argumentsOf(object as Fields)];
  return [kind, text(subname)];
}

function dropActs(type: string, object: Fields, schema: string): Act[] {
  const kind = KINDS[type];
  if (kind === undefined) return [];
  const names = objectNames(object);
  const ofTable = kind === 'trigger' || kind === 'policy';
  const bare = ['schema', 'extension', 'role', 'event trigger', 'publication'].includes(kind);
  if (ofTable && names.length === 2) return [{ does: 'drop', path: [kind, schema, ...names] }];
  return [{ does: 'drop', path: [kind, ...(bare || ofTable ? names : inSchema(names, schema)), ...argumentsOf(object)] }];
}

function searchActs({ name, args }: Fields): Act[] {
  const [first] = list(args);
  const value = ((first?.['A_Const'] as Fields | undefined)?.['sval'] as Fields | undefined)?.['sval'];
  return name === 'search_path' && typeof value === 'string' ? [{ does: 'search', schema: value }] : [];
}

function define(kind: string, ...names: string[]): Act {
  return { does: 'define', path: [kind, ...names] };
}

function rangeNames(range: unknown, schema: string): [string, string] {
  const { schemaname, relname } = (range ?? {}) as Fields;
  return [text(schemaname) || schema, text(relname)];
}

function inSchema(names: readonly string[], schema: string): string[] {
  return names.length === 1 ? [schema, ...names] : [...names];
}

/** Names as lists, as functions with arguments, as types, or as one word. */
function objectNames(object: Fields): string[] {
  const items = (object['List'] as Fields | undefined)?.['items'];
  const routine = (object['ObjectWithArgs'] as Fields | undefined)?.['objname'];
  const typeName = (object['TypeName'] as Fields | undefined)?.['names'];
  return strings(items ?? routine ?? typeName ?? [object]);
}

/** Of a routine, where they are said. */
function argumentsOf(object: Fields): string[] {
  const { objargs, objfuncargs, args_unspecified: unsaid } = (object['ObjectWithArgs'] ?? {}) as Fields;
  if (object['ObjectWithArgs'] === undefined || unsaid === true) return [];
  return [JSON.stringify(signatureOf(list(objfuncargs ?? objargs)))];
}

/** The words of String nodes. */
export function strings(nodes: unknown): string[] {
  return list(nodes).flatMap((node) => {
    const value = (node['String'] as Fields | undefined)?.['sval'];
    return typeof value === 'string' ? [value] : [];
  });
}

function list(value: unknown): readonly Fields[] {
  return Array.isArray(value) ? (value as Fields[]) : [];
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** The parser leaves a location of 0 out. */
function offset({ location }: Fields): number {
  return typeof location === 'number' ? location : 0;
}
