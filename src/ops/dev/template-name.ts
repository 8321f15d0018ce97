/** PostgreSQL cuts longer names (NAMEDATALEN - 1); names in dbctl.yaml are ASCII, so characters are bytes. */
const LONGEST = 63;

/** The databases `dev reset` keeps beside the project's own. */
export interface ResetNames {
  readonly database: string;
  /** Migrated and seeded, for one content of the migrations. */
  readonly template: string;
  /** The copy while it is made; it then takes the database's name. */
  readonly next: string;
}

/** `learning_lab` and a fingerprint → `learning_lab_template_1a2b3c4d5e6f`; long names are cut in front of the suffix. */
export function resetNames(database: string, fingerprint: string): ResetNames {
  return { database, template: suffixed(database, `_template_${fingerprint}`), next: suffixed(database, '_reset') };
}

/** True for names resetNames makes as templates of this database, of whatever fingerprint. */
export function isTemplateOf(database: string, name: string): boolean {
  const digits = name.slice(-12);
  return /^[0-9a-f]{12}$/.test(digits) && name === resetNames(database, digits).template;
}

const suffixed = (name: string, suffix: string): string => name.slice(0, LONGEST - suffix.length) + suffix;
