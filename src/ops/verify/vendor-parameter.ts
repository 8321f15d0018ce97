import type { ManagedVendor } from './vendor.ts';

/** A server setting to be changed. */
export interface ParameterChange {
  readonly name: string;
  /** As it stands in postgresql.conf, without quotes; null: back to the default. */
  readonly value: string | null;
  /** It counts from the next start on. */
  readonly restart: boolean;
}

/** The command of the vendor's own program that changes server settings; names in capitals are the reader's. */
export function changeParameter(vendor: ManagedVendor, change: ParameterChange): string {
  switch (vendor) {
    case 'rds':
      return amazon('db-parameter-group', change, 'aws rds reboot-db-instance --db-instance-identifier INSTANCE');
    case 'aurora':
      return amazon('db-cluster-parameter-group', change, 'aws rds reboot-db-instance --db-instance-identifier WRITER');
    case 'cloud-sql':
      return google(change);
    case 'azure':
      return azure(change);
    case 'supabase':
      return supabase(change);
  }
}

/** JSON, because the short form of the program takes a comma in a value for the next key. */
function amazon(group: string, { name, value, restart }: ParameterChange, reboot: string): string {
  const method = restart ? 'pending-reboot' : 'immediate';
  const [verb, parameter] =
    value === null
      ? ['reset', { ParameterName: name, ApplyMethod: method }]
      : ['modify', { ParameterName: name, ParameterValue: value, ApplyMethod: method }];
  const command = `aws rds ${verb}-${group} --${group}-name GROUP --parameters ${shell(JSON.stringify([parameter]))}`;
  return restart ? `${command}\n${reboot}` : command;
}

/** It replaces every flag that is set: the others have to be named again. ^|^ makes | the separator, so that a value may hold commas. */
function google({ name, value }: ParameterChange): string {
  const others = '# it replaces all flags: name those of gcloud sql instances describe INSTANCE as well, separated by |';
  return value === null
    ? `${others}, and leave ${name} out\ngcloud sql instances patch INSTANCE --database-flags='^|^OTHER=VALUE'`
    : `${others}\ngcloud sql instances patch INSTANCE --database-flags=${shell(`^|^${name}=${value}`)}`;
}

function azure({ name, value, restart }: ParameterChange): string {
  const server = '--resource-group GROUP --server-name SERVER';
  const set =
    value === null
      ? `# to its default, as az postgres flexible-server parameter show ${server} --name ${name} has it\naz postgres flexible-server parameter set ${server} --name ${name} --value DEFAULT`
      : `az postgres flexible-server parameter set ${server} --name ${name} --value ${shell(value)}`;
  return restart ? `${set}\naz postgres flexible-server restart --resource-group GROUP --name SERVER` : set;
}

function supabase({ name, value }: ParameterChange): string {
  return value === null
    ? `supabase --experimental postgres-config delete --config ${name}`
    : `supabase --experimental postgres-config update --config ${shell(`${name}=${value}`)}`;
}

/** As one word of a POSIX shell. */
function shell(text: string): string {
  return /^[\w.:/=@%+-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
