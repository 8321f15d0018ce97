import type { SecuredObject } from '../catalog/model.ts';

/**
 * Values by role and object. Objects of one catalog are told apart by themselves, which costs a tenth of making a text for each of hundreds of
 * thousands of grants; columns and parameters, which are made anew where they are named, by table and name.
 */
export class GrantMap<Value> {
  readonly #byRole = new Map<string, Map<SecuredObject | string, Value>>();

  get(role: string, object: SecuredObject): Value | undefined {
    return this.#byRole.get(role)?.get(objectKey(object));
  }

  set(role: string, object: SecuredObject, value: Value): void {
    const ofRole = this.#byRole.get(role);
    if (ofRole === undefined) this.#byRole.set(role, new Map([[objectKey(object), value]]));
    else ofRole.set(objectKey(object), value);
  }
}

/** What tells an object from others, as key of a map. */
export function objectKey(object: SecuredObject): SecuredObject | string {
  if (object.kind === 'column') return `column/${object.id}/${object.bare}`;
  return object.kind === 'parameter' ? `parameter/${object.bare}` : object;
}
