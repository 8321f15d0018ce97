import type { FuncCall, Node } from 'libpg-query';
import type { Need } from '../need.ts';
import type { FunctionShape } from '../shapes.ts';
import { splitParts, stringsOf } from './nodes.ts';
import type { Surroundings } from './surroundings.ts';
import { unresolved } from './unresolved.ts';

/** What reading a call needs of whoever reads the statement. */
export interface CallReader {
  readonly surroundings: Surroundings;
  add(...needs: readonly Need[]): void;
  /** What a function in SQL does with the rights of its caller. */
  body(routine: FunctionShape): void;
}

/** EXECUTE of what is not for all, and what a function in SQL does with the caller's rights. */
export function readCall({ funcname, args = [], agg_star: star }: FuncCall, reader: CallReader): void {
  const { names, path } = reader.surroundings;
  const { schema, name } = splitParts(stringsOf(funcname));
  const routine = names.routine(schema, name, star === true ? 0 : args.length, path);
  if (routine === undefined) return unresolved(`the function ${name} with ${args.length} arguments is not there`);
  if (routine.system && ['nextval', 'setval', 'currval'].includes(name)) return readSequence(name, args[0], reader);
  if (!routine.forAll) {
    if (routine.system) return unresolved(`${name} is a function of the server that not everybody may call`);
    reader.add({ kind: 'routine', id: routine.id, privilege: 'EXECUTE' });
  }
  reader.body(routine);
}

function readSequence(call: string, argument: Node | undefined, reader: CallReader): void {
  const { surroundings } = reader;
  const text = literalOf(argument);
  if (text === null)
    return unresolved(`${call} of a sequence that the text does not say, since pg_stat_statements replaces constants`);
  const parts = text.split('.').map((part) => part.replaceAll('"', ''));
  const { schema, name } = splitParts(parts);
  const id = surroundings.names.sequence(schema, name, surroundings.path);
  if (id === undefined) return unresolved(`the sequence ${text} is not there`);
  reader.add({ kind: 'sequence', id, privilege: call === 'setval' ? 'UPDATE' : 'USAGE' });
}

/** The text of a constant, cast or not; null: none. */
function literalOf(node: Node | undefined): string | null {
  if (node === undefined) return null;
  if ('TypeCast' in node) return literalOf(node.TypeCast.arg);
  return 'A_Const' in node ? (node.A_Const.sval?.sval ?? null) : null;
}
