import { PARAMETER_NAMES, PARAMETERS, type ParameterName, type Setting, type Settings } from './parameters.ts';
import { readService } from './service.ts';
import { parseText } from './text.ts';

export interface SettingsInput {
  readonly text?: string | undefined;
  readonly variables: Readonly<Record<string, string | undefined>>;
  readonly home: string;
  readonly source: string;
}

/**
 * Every setting that was given, the nearest one first: connection string, service, PG* variables. `explicit` are those of the
 * first two. Fails with config.invalid.
 */
export async function gatherSettings(
  input: SettingsInput,
  onWarning: (message: string) => void,
): Promise<{ explicit: Settings; settings: Settings }> {
  const explicit = await explicitSettings(input, onWarning);
  return { explicit, settings: withVariables(explicit, input.variables) };
}

/** Connection string and service: what the user wrote for this connection. */
async function explicitSettings(
  input: SettingsInput,
  onWarning: (message: string) => void,
): Promise<Map<ParameterName, Setting>> {
  const { text: written, variables, home, source } = input;
  const explicit = written === undefined ? new Map<ParameterName, Setting>() : parseText(written, source, onWarning);
  const service = explicit.get('service')?.value ?? variables['PGSERVICE'];
  if (service === undefined) return explicit;
  const file = explicit.get('servicefile')?.value ?? variables['PGSERVICEFILE'];
  const found = await readService(service, { file, home, systemFolder: variables['PGSYSCONFDIR'] }, onWarning);
  return new Map([...found, ...explicit]);
}

/** A variable that is set counts even when it is empty, as in libpq. */
function withVariables(explicit: Settings, variables: SettingsInput['variables']): Settings {
  const settings = new Map(explicit);
  for (const name of PARAMETER_NAMES) {
    const { variable } = PARAMETERS[name];
    const value = variable === undefined ? undefined : variables[variable];
    if (variable !== undefined && value !== undefined && !settings.has(name)) settings.set(name, { value, from: variable });
  }
  return settings;
}
