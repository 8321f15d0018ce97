import type { CommandSpec, ParsedOptions } from '../core/command.ts';
import { fail } from '../core/errors.ts';
import { item, type Answer } from '../core/report.ts';
import type { Context } from './context.ts';
import { devScope, namedMajor, VERSION_OPTION } from './dev-settings.ts';

export const spec: CommandSpec = {
  name: 'dev url',
  summary: "print the URL of the project's database on its development server",
  description:
    'The URL names the password file instead of holding the password, so that psql "$(dbctl dev url)" shows no secret to other users ' +
    "of the machine. Programs that do not know libpq's passfile parameter take --with-password, in a variable.",
  effect: 'reads',
  options: [
    VERSION_OPTION,
    { flags: '--with-password', description: 'put the password into the URL: it is printed, so mind where to' },
  ],
  examples: [
    ['psql "$(dbctl dev url)"', 'connect with psql'],
    ['DATABASE_URL="$(dbctl dev url --with-password)" npm start', 'hand it to an application in its environment'],
  ],
};

/** Fails with db.unreachable when the project's server was never started or is stopped; whether it answers is not tried. */
export async function run(options: ParsedOptions, context: Context): Promise<Answer> {
  const [{ recordedServers }, { devUrl }] = await Promise.all([import('../ops/dev/recorded.ts'), import('../ops/dev/url.ts')]);
  const { environment, project } = await devScope(context);
  const major = namedMajor(options);
  const servers = await recordedServers(environment, project);
  const server = servers.find(({ running, state }) => running && (major === undefined || state.major === major));
  if (server === undefined) {
    fail('db.unreachable', `no development server runs for ${project.project}`, {
      hint: `Start one with dbctl dev up${major === undefined ? '' : ` --version ${major}`}.`,
    });
  }
  const withPassword = options['withPassword'] === true;
  const { database } = project.dev;
  return {
    ok: true,
    // Reports are kept and sent around: the password is only ever in what the terminal or pipe gets.
    items: [item({ id: 'url', object: database, message: devUrl(server, database, false), port: server.port })],
    summary: { port: server.port, database },
    view: { text: devUrl(server, database, withPassword), revealsSecret: withPassword },
  };
}
