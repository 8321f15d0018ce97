import { fail } from '../../core/errors.ts';

/**
 * Server settings as the startup parameter `options`: `-c name=value`, blanks and backslashes in a value escaped with a
 * backslash as pg_split_opts in postinit.c undoes it. Fails with config.invalid for a name that is no setting's.
 */
export function startupOptions(settings: Readonly<Record<string, string>>): string {
  return Object.entries(settings)
    .map(([name, value]) => {
      if (!/^[A-Za-z_][\w.$]*$/.test(name)) fail('config.invalid', `"${name}" is not the name of a server setting`);
      return `-c ${name}=${value.replaceAll(/[\\\s]/g, String.raw`\$&`)}`;
    })
    .join(' ');
}
