import { orMeant } from '../desired/did-you-mean.ts';
import { fitsSchema } from '../desired/pattern.ts';
import type { Comparison } from './inputs.ts';
import type { Difference } from './model.ts';

/**
 * Takes out what has to wait, and says once for what: a schema that a migration has yet to make, with the default privileges and the names in it,
 * and a role that is made by another command, such as dbctl_auditor. A new database gets its roles first, then its schemas by a migration that
 * runs as one of them, then their rights. Pure.
 */
export function withoutWaiting(found: readonly Difference[], { catalog, desired, file }: Comparison): Difference[] {
  const schemas = new Set(catalog.objects.filter(({ kind }) => kind === 'schema').map(({ bare }) => bare));
  const roles = new Set([...catalog.roles, ...desired.roles].map(({ name }) => name));
  const missing = file.schemas.filter((schema) => !schemas.has(schema));
  return found.flatMap((one): Difference[] => {
    if (one.kind === 'default-missing') return one.schema === null || schemas.has(one.schema) ? [one] : [];
    if (one.kind === 'unmatched') return missing.some((schema) => speaksOf(one.pattern, schema)) ? [] : [one];
    if (one.kind === 'membership-missing' && !roles.has(one.role)) {
      return [
        {
          kind: 'unmatched',
          problem: `${one.member} is to be a member of ${one.role}, and that role is not there${orMeant(one.role, roles)}`,
          pattern: null,
          because: one.because,
        },
      ];
    }
    return [one];
  });
}

const speaksOf = (pattern: string | null, schema: string): boolean => pattern !== null && fitsSchema(pattern, schema);
