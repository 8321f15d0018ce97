import { ident } from '../../../db/ident.ts';
import { PUBLIC } from '../rights/acl.ts';
import { grantEvidence } from './grants.ts';
import type { Evidence, Facts, Rule } from './model.ts';

/** Ways out of the server, and back into it as somebody else. */
export const FOREIGN_RULES: readonly Rule[] = [
  {
    id: 'dblink-unchecked',
    paths: [34],
    severity: 'critical',
    title: 'EXECUTE on dblink_connect_u',
    why: 'it connected to the own server without a password, as superuser where a socket is trusted',
    judge: (facts) =>
      executable(facts, (name) => name === 'dblink_connect_u').map((grant) =>
        grantEvidence(
          facts,
          grant,
          ['EXECUTE'],
          'it connects as anybody whom the server lets in without a password, such as a superuser over a trusted socket',
        ),
      ),
  },
  {
    id: 'dblink-open',
    paths: [34],
    severity: 'medium',
    title: 'EXECUTE on dblink for a login',
    why: 'a trusted socket and a wrong password were refused, and it found open ports of any host',
    judge: (facts) =>
      executable(facts, (name) => name === 'dblink_connect' || name === 'dblink').map((grant) =>
        grantEvidence(facts, grant, ['EXECUTE'], 'it opens connections from the server to any host and port'),
      ),
  },
  {
    id: 'user-mapping-shared',
    paths: [35],
    severity: 'high',
    title: 'a user mapping of everybody, or one without a password',
    why: 'USAGE on a foreign server with a PUBLIC mapping and password_required=false read pg_authid through a connection back',
    judge: mappings,
  },
];

/** Functions of the extension dblink; those of the same name in another schema are somebody's own. */
function executable(facts: Facts, named: (name: string) => boolean): Facts['grants'] {
  return facts.grants.filter(({ object }) => object.kind === 'routine' && object.extension === 'dblink' && named(object.bare));
}

function mappings(facts: Facts): Evidence[] {
  const { details, names, grants, holders } = facts;
  return details.mappings.flatMap((one): Evidence[] => {
    const users = grants.filter(({ object }) => object.kind === 'foreign server' && object.id === one.serverId);
    const ways = one.user === PUBLIC ? [...users.flatMap((grant) => grant.ways), ...holders(one.serverOwner)] : holders(one.user);
    if (ways.length === 0) return [];
    const whose = one.user === PUBLIC ? 'public' : ident(names.of(one.user));
    const object = `${one.user === PUBLIC ? 'PUBLIC' : names.of(one.user)} at ${one.server}`;
    const about = { object, role: names.of(one.user), ways, detail: { server: one.server } };
    const drop = `drop user mapping for ${whose} server ${ident(one.server)};`;
    if (one.visible && !one.passwordRequired) {
      const message = 'it connects without a password, and so as whoever the server of PostgreSQL itself is let in as';
      return [{ ...about, message, fix: drop, severity: 'critical' }];
    }
    if (one.user === PUBLIC)
      return [{ ...about, message: 'everybody who may use the server connects as one and the same user there', fix: drop }];
    if (one.visible) return [];
    return [
      {
        ...about,
        unseen: true,
        message: 'whether it connects without a password (password_required) is shown to superusers alone',
        fix: 'run it once as superuser',
      },
    ];
  });
}
