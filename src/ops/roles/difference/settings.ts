import type { Comparison } from './inputs.ts';
import { roleNames } from './inputs.ts';
import type { Difference } from './model.ts';

/** Parameters that sessions of a role begin with, or should not. Those of a role in this one database count as well: they win. */
export function settingDifferences({ desired, catalog }: Comparison): Difference[] {
  const names = roleNames(catalog);
  return desired.roles.flatMap(({ name, settings, because }): Difference[] => {
    const id = names.role(name)?.id;
    const own = catalog.settings.filter(({ role }) => role !== null && role === id);
    const set = new Map(own.filter(({ here }) => !here).map((one) => [one.name, one.value]));
    const missing = Object.entries(settings)
      .filter(([parameter, value]) => !same(set.get(parameter), value))
      .map(([parameter, wanted]): Difference => {
        return { kind: 'setting', role: name, name: parameter, is: set.get(parameter) ?? null, wanted, here: false, because };
      });
    const excess = own
      .filter((one) => (one.here ? !same(one.value, settings[one.name]) : !Object.hasOwn(settings, one.name)))
      .map((one): Difference => {
        return { kind: 'setting', role: name, name: one.name, is: one.value, wanted: null, here: one.here, because: null };
      });
    return [...missing, ...excess];
  });
}

/** The server keeps the text as it was written: 10s stays 10s and 10000 stays 10000. Only switches have several words. */
function same(is: string | undefined, wanted: string | undefined): boolean {
  return (
    is === wanted || (is !== undefined && wanted !== undefined && switched(is) !== null && switched(is) === switched(wanted))
  );
}

function switched(value: string): boolean | null {
  if (['on', 'true', 'yes', '1'].includes(value.toLowerCase())) return true;
  return ['off', 'false', 'no', '0'].includes(value.toLowerCase()) ? false : null;
}
