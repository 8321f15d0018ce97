import { EXTENSION_WAYS, enableExtension, MARK_SOURCES, PARAMETER_WAYS, sourceOf, type ExtensionWay } from './extension-ways.ts';
import { isManaged, VENDOR_NAMES, VENDORS, type ManagedVendor, type Vendor } from './vendor.ts';
import { changeParameter } from './vendor-parameter.ts';

const HEAD = `\`dbctl verify\` writes the fixes of \`ext-required\` and \`ext-preload\` from the same data as this page, and turns \`alter system\` of other
fixes into the command of the service it recognises. **None of the services was tried here**: what stands below was read on the pages
named; "unverified here" marks what no page that was read says. The tests make the roles and settings that services are recognised by on
a PostgreSQL of their own.`;

const RECOGNISED = `A session that is a superuser is self-hosted, because no managed service gives its superuser away. Otherwise a service is
recognised by a setting that only its own modules have, or by its roles where one of them is the superuser that initdb made: names of roles
come along with a restored dump, that one does not. A container is recognised by its data directory, which only members of \`pg_read_all_settings\` see; another role sees a self-hosted server.
Services without a line here count as self-hosted, and fixes are the statements of plain PostgreSQL.`;

const UUIDV7 = `**UUIDv7** is no extension any more: since 18 \`uuidv7()\` and \`uuid_extract_timestamp()\` are part of the server, with every vendor. Before,
pg_uuidv7 had to be installed; on 18 it is dead weight (\`ext-native-uuid\`).`;

/** docs/extensions.md. */
export function extensionsPage(schema: string): string {
  return [
    HEAD,
    '## How a vendor is recognised',
    RECOGNISED,
    vendorTable(),
    '## Extensions',
    UUIDV7,
    ...EXTENSION_WAYS.flatMap((way) => [
      `### ${way.name}`,
      way.note,
      ...VENDORS.map((vendor) => vendorPart(vendor, way, schema)),
    ]),
  ].join('\n\n');
}

function vendorTable(): string {
  const rows = VENDORS.filter((vendor): vendor is ManagedVendor => isManaged(vendor)).map((vendor) => {
    const { how, source } = PARAMETER_WAYS[vendor];
    const example = changeParameter(vendor, { name: 'log_statement', value: 'ddl', restart: false }).split('\n').at(-1);
    return `| ${VENDOR_NAMES[vendor]} | ${page(MARK_SOURCES[vendor])} | ${how} (${page(source)}) | \`${example?.replaceAll('|', '\\|')}\` |`;
  });
  return ['| service | recognised by, says | settings are | command |', '|---|---|---|---|', ...rows].join('\n');
}

function vendorPart(vendor: Vendor, way: ExtensionWay, schema: string): string {
  const steps = enableExtension(vendor, way, schema).join('\n');
  return `${VENDOR_NAMES[vendor].replace(/^./, (first) => first.toUpperCase())} (${page(sourceOf(vendor, way))}):\n\n\`\`\`text\n${steps}\n\`\`\``;
}

function page(url: string | null): string {
  return url === null ? 'unverified here' : `<${url}>`;
}
