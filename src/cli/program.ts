import { Argument, Command as Commander, CommanderError, InvalidArgumentError, Option } from 'commander';
import type { Command } from '../commands/context.ts';
import type { Effect, OptionSpec } from '../core/command.ts';
import { EXIT_STATUS } from '../core/errors.ts';
import { GLOBAL_OPTIONS } from './globals.ts';
import { GROUPS } from '../commands/index.ts';

/** Called with what was parsed: the command, its options and arguments by name, and the global options. */
export type Dispatch = (command: Command, options: Record<string, unknown>, globals: Record<string, unknown>) => void;

const BADGES: Record<Effect, string> = { reads: 'reads', changes: 'changes', destroys: 'DESTROYS' };

/**
 * The commander tree for the given commands. It imports no implementation: `--help` and completion load specs only.
 * Parsing errors are thrown as commander's own CommanderError (exitOverride), help text goes to `write`. `--version` is not its business:
 * commander would take it out of `dev up --version 17` as well.
 */
export function buildProgram(commands: readonly Command[], write: (text: string) => void, dispatch: Dispatch): Commander {
  const program = new Commander('dbctl')
    .description('Runs and hardens PostgreSQL databases: nothing is believed, everything is tried.')
    .helpOption('--help', 'show help')
    .helpCommand('help [command]', 'show help for a command')
    .exitOverride()
    .configureOutput({ writeOut: write, writeErr: () => {}, getOutHelpWidth: () => HELP_WIDTH })
    .configureHelp({ showGlobalOptions: true, sortSubcommands: false, visibleGlobalOptions: globalOptions })
    .addHelpText('after', `\n${exitStatusHelp()}\n\ndbctl --version prints the version.`);
  for (const option of GLOBAL_OPTIONS) program.addOption(toOption(option));
  for (const command of commands) addCommand(program, command, dispatch);
  return program;
}

/** Fixed, so that help pages in the docs and in tests do not depend on a window. */
const HELP_WIDTH = 100;

function addCommand(program: Commander, command: Command, dispatch: Dispatch): void {
  const { spec } = command;
  const words = spec.name.split(' ');
  const parent = words.slice(0, -1).reduce((node, word) => subcommand(node, word), program);
  const leaf = parent
    .command(words.at(-1) ?? spec.name)
    .summary(`${spec.summary} (${BADGES[spec.effect]})`)
    .description([`${spec.summary}.`, spec.description].filter((text) => text !== undefined).join('\n\n'))
    .helpOption('--help', 'show help')
    .allowExcessArguments(false)
    .addHelpText('after', `\n${examplesHelp(spec.examples)}`);
  for (const argument of spec.args ?? []) leaf.addArgument(new Argument(argument.name, argument.description));
  for (const option of spec.options ?? []) leaf.addOption(toOption(option));
  leaf.helpCommand(false);
  leaf.action((...parsed: unknown[]) => {
    refuseOptionsOf(parent, spec.name);
    const own: Record<string, unknown> = { ...leaf.opts() };
    leaf.registeredArguments.forEach((argument, index) => (own[argument.name()] = parsed[index]));
    dispatch(command, own, program.opts());
  });
}

/** Those of the program. commander would add those of `verify` to the help of `verify diff`, which takes none of them. */
function globalOptions(command: Commander): Option[] {
  return command.parent === null ? [] : rootOf(command).options.filter(({ hidden }) => !hidden);
}

function rootOf(command: Commander): Commander {
  return command.parent === null ? command : rootOf(command.parent);
}

/** `verify --strict diff …`: an option of the command that is not run would do nothing, wherever it stands. */
function refuseOptionsOf(parent: Commander, name: string): void {
  if (parent.parent === null) return;
  const given = parent.options.find((option) => parent.getOptionValueSource(option.attributeName()) === 'cli');
  if (given !== undefined) throw new CommanderError(2, 'dbctl.option', `option ${given.long} is not of ${name}`);
}

function subcommand(parent: Commander, word: string): Commander {
  const existing = parent.commands.find((child) => child.name() === word);
  if (existing !== undefined) return existing;
  const group = parent.command(word).helpOption('--help', 'show help').helpCommand(false);
  return group.description(GROUPS[word] ?? word);
}

function toOption(spec: OptionSpec): Option {
  const option = new Option(spec.flags, spec.description);
  if (spec.choices !== undefined && spec.repeatable !== true) option.choices([...spec.choices]);
  if (spec.default !== undefined) option.default(spec.default);
  const parse = spec.parse === undefined ? undefined : parser(spec.parse);
  if (spec.repeatable === true) {
    option.argParser((text: string, before: unknown) => [...((before as unknown[] | undefined) ?? []), parse?.(text) ?? text]);
  } else if (parse !== undefined) option.argParser(parse);
  return option;
}

/** A spec's parser throws plain errors, because specs know nothing of commander. */
function parser(parse: (text: string) => unknown): (text: string) => unknown {
  return (text) => {
    try {
      return parse(text);
    } catch (thrown) {
      throw new InvalidArgumentError(thrown instanceof Error ? thrown.message : String(thrown));
    }
  };
}

function examplesHelp(examples: readonly (readonly [string, string])[]): string {
  return ['Examples:', ...examples.flatMap(([command, meaning]) => [`  ${command}`, `      ${meaning}`])].join('\n');
}

function exitStatusHelp(): string {
  const lines = Object.entries(EXIT_STATUS).map(([exit, meaning]) => `  ${exit.padStart(3)}  ${meaning}`);
  return ['Exit status:', ...lines].join('\n');
}
