import { FooocusSchema } from "#/config/fooocus-keys.ts";
import { settingsTable } from "#/config/help.ts";
import { ignoredFlags } from "#/config/ignored-flags.ts";

/** The text of docs/configuration.md; a test compares the file with it. */
export function configurationPage(): string {
  const keys = Object.keys(FooocusSchema.properties)
    .map((key) => `\`${key}\``)
    .join(", ");
  const ignored = [...ignoredFlags.keys()].map((flag) => `\`${flag}\``).join(", ");
  return `# Configuration

<!-- Made by \`npm run bun -- scripts/generate/config-docs.ts\` from src/config/schema.ts; do not edit. -->

Every setting has one name. It is a key of \`config.txt\` (JSON, in the working folder; the variable \`FOOOCUSD_CONFIG_PATH\`, or Fooocus'
\`config_path\`, names another file), an environment variable \`FOOOCUSD_<KEY>\` in capitals, and a flag \`--key\` with dashes. Later ones win:
defaults, \`config.txt\`, environment, flags. Lists are separated by commas outside of JSON, and a list's flag may be
repeated (\`--models A --models B\`). A value that does not fit stops the start and says where it came from; so does a flag
that is not there. A variable or a key that looks misspelt is told of in the log, with the name that was probably meant.
\`--version\` says the version, \`--help\` all of this; what else the program does is in [command-line.md](command-line.md).

${settingsTable()}
## Coming from FooocusAPI

These flags mean the same: \`--listen [IP]\` (bare: all addresses), \`--apikey\`, \`--base-url\`, \`--webhook-url\`, \`--preset\`,
\`--output-path\`, \`--hf-mirror\`, \`--disable-metadata\`, and the legacy \`--queue-size\` and \`--persistent\`; so do the variables \`API_PORT\` and \`GRADIO_SERVER_PORT\` (the API is one above it).
\`--port N\` was the port of the web page, with the API one above. Here page and API are one server, which listens on N and,
as \`also_port\`, on N+1 (or on \`API_PORT\`): old clients find the API where it was. \`--also-port 0\` switches that off;
if N+1 is taken, the server does without it and says so.
These flags of FooocusAPI, of the legacy Fooocus-API and of Fooocus itself are accepted and change nothing; the server says
at its start why, and what to use instead: ${ignored}.

\`fooocusd migrate\` takes all of it over, the history included: [command-line.md](command-line.md#migrate).

\`--fooocus DIR\` (or the key \`fooocus\` in our own \`config.txt\`) points at an existing Fooocus folder: its \`config.txt\` and \`models/\` are used, after our own.
Where that file says \`path_outputs\`, pictures go there, unless \`outputs\` is said. If it cannot be read it is passed over, as Fooocus does, and that is told.

### Fooocus' keys

\`config.txt\` may hold them beside ours, and an environment variable of the very same name (a Python literal) wins over it:
${keys}.

They set what a request gets where it says nothing. Later ones win: the \`default\` preset, what a checkpoint says of itself
(\`<name>.json\` beside it, see models.md), \`config.txt\`, the preset of
\`--preset\`, the environment. A value that does not fit falls back, with a note. Performance and number of images always are
the contract's. The checkpoint is \`default_model\` if it is there, else the first of \`previous_default_models\` that is, else
the largest SDXL base model there is, see models.md: the demo model draws only where there is nothing else. Default LoRAs that are not there
are left out; LoRAs that a request names must exist. A default file that is there and cannot be used is named in the log at
the start, and refuses the requests that would get it.
`;
}

if (import.meta.main)
  await Bun.write(new URL("../../docs/configuration.md", import.meta.url), configurationPage());
