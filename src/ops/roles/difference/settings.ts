import { sameSetting } from '../desired/setting-value.ts';
import type { Comparison } from './inputs.ts';
import { roleNames } from './inputs.ts';
import type { Difference } from './model.ts';

/**
 * Parameters that sessions of a role begin with, or should not. Those of a role in this one database count as well: they win. The server
 * keeps names in a case of its own (`TimeZone`), and asks for none.
 */
export function settingDifferences({ desired, catalog }: Comparison): Difference[] {
  const names = roleNames(catalog);
  return desired.roles.flatMap(({ name, settings, because }): Difference[] => {
    const id = names.role(name)?.id;
    const own = catalog.settings.filter(({ role }) => role !== null && role === id);
    const set = new Map(own.filter(({ here }) => !here).map((one) => [one.name.toLowerCase(), one.value]));
    const wanted = new Map(Object.entries(settings).map(([parameter, value]) => [parameter.toLowerCase(), value]));
    const missing = Object.entries(settings)
      .map(([parameter, value]) => ({ parameter, value, is: set.get(parameter.toLowerCase()) }))
      .filter(({ parameter, value, is }) => !sameSetting(parameter, is, value))
      .map(({ parameter, value, is }): Difference => {
        return { kind: 'setting', role: name, name: parameter, is: is ?? null, wanted: value, here: false, because };
      });
    const excess = own
      .filter((one) =>
        one.here ? !sameSetting(one.name, one.value, wanted.get(one.name.toLowerCase())) : !wanted.has(one.name.toLowerCase()),
      )
      .map((one): Difference => {
        return { kind: 'setting', role: name, name: one.name, is: one.value, wanted: null, here: one.here, because: null };
      });
    return [...missing, ...excess];
  });
}
