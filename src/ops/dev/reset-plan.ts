import type { Step } from '../../core/step.ts';
import { ident } from '../../db/ident.ts';
import { isTemplateOf, type ResetNames } from './template-name.ts';

/** A database of the server as the plan needs it. */
export interface FoundDatabase {
  readonly name: string;
  /** `is_template`: set as the last act of building one, so a template without it is half built. */
  readonly finished: boolean;
  readonly bytes: number;
}

/** `reset` steps by id, in the order they are done. */
export type ResetStepId = 'discard' | 'build' | 'copy' | 'swap' | 'drop-old';
export type ResetStep = Step & { readonly id: ResetStepId };

/** What `dev reset` does, from what is there, oldest first. */
export function planReset(found: readonly FoundDatabase[], names: ResetNames, content: string): readonly ResetStep[] {
  const template = found.find(({ name }) => name === names.template);
  const halfBuilt = [
    template?.finished === false ? names.template : undefined,
    found.find(({ name }) => name === names.next)?.name,
  ];
  return [
    ...halfBuilt.filter((name) => name !== undefined).map(discard),
    ...(template?.finished === true ? [] : [build(names.template, content)]),
    copy(names, template?.bytes ?? 0),
    swap(
      names,
      found.some(({ name }) => name === names.database),
    ),
    ...oldTemplates(found, names).map(dropOld),
  ];
}

/**
 * So many templates stay besides the current one: with and without seed, and the branch one came from, are quick to go back to.
 */
const KEPT = 2;

/** Templates of other contents but the newest: `found` is in the order of making. */
function oldTemplates(found: readonly FoundDatabase[], names: ResetNames): readonly string[] {
  const others = found.map(({ name }) => name).filter((name) => name !== names.template && isTemplateOf(names.database, name));
  return others.slice(0, Math.max(others.length - KEPT, 0));
}

function discard(name: string): ResetStep {
  return {
    id: 'discard',
    summary: `drop ${name}, which was left half made`,
    object: name,
    sql: drop(name),
    transactional: false,
  };
}

function build(name: string, content: string): ResetStep {
  const sql = [
    `create database ${ident(name)} template template0;`,
    `-- ${content}`,
    `alter database ${ident(name)} is_template true allow_connections false;`,
  ].join('\n');
  return { id: 'build', summary: `build the template ${name}: ${content}`, object: name, sql, transactional: false };
}

/**
 * From here on copying files is quicker than writing every page to the log. Measured on 18.2 (two cores, ext4), milliseconds for
 * wal_log and file_copy: 15 MB 75 and 205, 59 MB 209 and 240, 110 MB 401 and 386, 315 MB 1060 and 706; file_copy pays two checkpoints.
 */
const FILE_COPY_BYTES = 100_000_000;

function copy({ next, template }: ResetNames, bytes: number): ResetStep {
  const strategy = bytes < FILE_COPY_BYTES ? 'wal_log' : 'file_copy';
  const sql = `create database ${ident(next)} template ${ident(template)} strategy ${strategy};`;
  return { id: 'copy', summary: `copy the template to ${next}`, object: next, sql, transactional: false };
}

function swap({ database, next }: ResetNames, there: boolean): ResetStep {
  const rename = `alter database ${ident(next)} rename to ${ident(database)};`;
  const summary = there
    ? `drop ${database}, which ends its sessions and loses its data, and put the copy in its place`
    : `put the copy in the place of ${database}`;
  return { id: 'swap', summary, object: database, sql: there ? `${drop(database)}\n${rename}` : rename, transactional: false };
}

function dropOld(name: string): ResetStep {
  return { id: 'drop-old', summary: `drop ${name}, an old template`, object: name, sql: drop(name), transactional: false };
}

/** A template is not dropped as long as it is one. */
const drop = (name: string): string =>
  /_template_[0-9a-f]{12}$/.test(name)
    ? `alter database ${ident(name)} is_template false;\ndrop database ${ident(name)} with (force);`
    : `drop database ${ident(name)} with (force);`;
