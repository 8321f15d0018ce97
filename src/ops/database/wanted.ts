/** The database of an environment as dbctl.yaml and roles.yaml want it. */
export interface WantedDatabase {
  readonly name: string;
  /** Of roles.yaml; null: there is no such file, and whoever creates it owns it. */
  readonly owner: string | null;
  /** Roles that may own it besides: the owner of append-only tables takes it over once they are guarded. */
  readonly otherOwners: readonly string[];
  readonly encoding: string;
  readonly provider: 'builtin' | 'libc' | 'icu';
  readonly locale: string;
  readonly timezone: string;
  readonly extensions: { readonly schema: string; readonly required: readonly string[] };
  /** Roles of roles.yaml that log in. */
  readonly logins: readonly string[];
}
