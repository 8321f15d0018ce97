import { join } from 'node:path';
import { readDeclaration, type Declaration } from '../ops/evidence/declaration.ts';
import type { Context } from './context.ts';

/** roles.yaml of the project, by its bytes and by git. */
export async function declarationOf(context: Context, since: string): Promise<Declaration> {
  const { config, folder } = await context.config();
  return readDeclaration(join(folder, config.roles.file), config.roles.file, since, context.variables);
}
