import { ident } from '../../db/ident.ts';

/** PL/pgSQL: creates a role nobody logs in as. Roles belong to the whole cluster, so that another database's dbctl may have made it, or be making it. */
export const createRoleUnlessThere = (role: string): string => `begin
    create role ${ident(role)} nologin;
  exception when duplicate_object or unique_violation then
    null;
  end;`;
