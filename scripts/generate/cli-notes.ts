/** What docs/command-line.md says before the commands. */
export const openingNotes = `
# The command line

<!-- Made by \`npm run bun -- scripts/generate/cli-docs.ts\` from src/cli and scripts/generate/cli-notes.ts; do not edit. -->

\`fooocusd [command] [options]\`. Without a command the server is run, so \`fooocusd --port 8000\` is \`fooocusd serve --port 8000\`.
Every command takes as flags those [settings of the server](configuration.md) that matter to it, as its help lists them, and reads all
of them from \`config.txt\` and the environment as the server does. A command may stand behind its flags; \`fooocusd help generate\` is
\`fooocusd generate --help\`, and \`-v\` is \`--version\`. What does not fit is refused with the name that was probably meant, and nothing
is done.

| exit code | means |
| --- | --- |
| 0 | done |
| 1 | not done, or not all of it; the reason is on standard error |
| 130, 143, 129 | ended by a signal: Ctrl-C (SIGINT), SIGTERM, a terminal that was closed (SIGHUP). A server that was told to stop and did ends with 0 |

What is asked for goes to standard output, what is told on the way (progress, notes) to standard error. Progress is drawn where
standard error is a terminal, else a line now and then.
`;

/** What it says of each command above its help. */
export const commandNotes: Readonly<Record<string, string>> = {
  serve: `
Runs the server. Its flags are the settings of [configuration.md](configuration.md), \`fooocusd serve --help\` lists them.
`,
  worker: `
Makes pictures for a fleet of servers, on all its engines at once, until a signal or the fleet tells it to leave: [scale.md](scale.md). It
takes the tasks whose files it has. It has no history and answers no requests. The first signal lets the tasks at hand end (\`shutdown_seconds\`), a second
one hands them back; whoever takes them next goes on with the pictures that are there.
`,
  fleet: `
Lists the heads and workers of a fleet, what each does, and what waits there for whom; or tells a worker something: \`fooocusd fleet drain gpu-1\`.
It speaks with the fleet's Redis, so no head has to be there. What the words mean: [scale.md](scale.md#steer-it).
`,
  generate: `
Makes pictures as the server does, from the same fields, settings and models, and prints the names of the files it wrote. Nothing of
it is kept but these: a server that runs in the same folder has neither a row of it in its history nor a lock in its way. Without
\`--output\` they are called by day and time, in the working folder. Progress and the time left are drawn on standard error; where
standard output is a terminal that shows pictures (by kitty's or iTerm2's protocol, as its environment says), they are shown.
A signal stops the picture at hand; what was finished is there. A second one ends the command at once.

The value of \`--set\` is JSON where its field takes that, else text: \`--set negative_prompt=blur\`, \`--set style_selections='["Fooocus V2"]'\`.
A file that is there is not replaced unless \`--force\` is said.
`,
  pull: `
Puts files into the first folder of \`models\`, below their kind. A file grows as \`<name>.part\` and gets its name when it is
whole, so nothing that is half there is ever drawn with. After a broken connection, a signal or a killed process the same command
goes on where it was, if the server still has the very same file (its tag says so; where it has none, the published hash must);
else it begins anew. What is there already is left alone.

Before a file is fetched: its size (for an address, as its server says it), address and licence are printed (where nobody here knows
the licence, its publisher's page says it), and a disk that has no room for it is told. Afterwards its size, its SHA-256 (the published one, or the one that Hugging
Face promises) and its beginning are checked: a login page that calls itself a model is thrown away and said. Addresses are printed
without what stands behind a \`?\`, which may be a key; one with a password in it is refused. \`--hf-mirror\` stands for
https://huggingface.co; the variables \`HTTPS_PROXY\` and \`NO_PROXY\` are heeded.

Presets are those of the program and of the Fooocus folder (\`--fooocus\`); their files come from where a Fooocus preset says
(\`checkpoint_downloads\` and so on), else from where Fooocus has them.
`,
  models: `
Lists every file of the model folders as \`<kind>/<name>\`, its size and its SHA-256 where that is known: hashes are kept in the
outputs folder as pictures are made, \`--hash\` computes the others (a checkpoint takes many seconds). Below it: which presets and
features lack files, and what would fetch them.
`,
  migrate: `
Takes over what an existing Fooocus or FooocusAPI has, and leaves that folder as it is. Run it in a new folder, which becomes the
server's; \`--dry-run\` says what would be done. Each thing that is found is told with what becomes of it: \`taken\`, \`left\` (there is no
place for it here, with the reason), \`BROKEN\` (it would have been taken; the rest goes on, and the exit code is 1).

| what | becomes |
| --- | --- |
| models | used where they are; nothing is copied or converted |
| presets, styles, wildcards, \`config.txt\` | read where they are at every start, so the old folder must stay; a broken file is passed over |
| flags of start scripts (\`*.sh\`, \`run.bat\` and their like) | keys of our \`config.txt\`, as far as all scripts agree; a flag that changes nothing here is told with the reason |
| \`user_path_config.txt\` | its folders, in our \`config.txt\` |
| FooocusAPI's tasks (\`outputs/db.sqlite3\`) | rows of our history with the same ids of tasks; pictures and inputs come along, and their addresses become ours. One that never ended is told as failed; a row without its id or its request is told and left |
| pictures of Fooocus' page | a finished task each; how they were made is read from \`log.html\`, else from the picture; what neither says is FooocusAPI's default, and the task's warnings say so where nothing is known |

Pictures get a second name where both folders are on one disk, which takes no room, else they are copied, if there is room for all.
It may be run again at any time while no server works in the folder: what is there stays, and nothing is taken twice. A run that was
stopped or killed goes on where it was. Rows are put in the order of their time, so numbers (\`id\`) of later tasks may change; ids of tasks
(\`task_id\`) do not. A \`config.txt\` that is there is not changed; what it lacks is told.
`,
  cuda: `
Says whether NVIDIA's driver, a card and CUDA's libraries are there and fit, what is missing and how to mend it: 0 where CUDA can be
used, else 1. The driver is asked, and the libraries are opened, in a process of their own, which may crash or take 30 seconds.
\`--verify\` reads all libraries and compares their hashes.

\`fooocusd cuda add\` adds what is missing: from wheels, from folders with wheels, and with \`--fetch\` from the Python Package Index
(1.19 GB for all). Files are known by their hashes, whatever they are called; other versions are refused. The libraries that are needed
(1.61 GB) are unpacked below the cache folder, or into \`--cuda-libraries\`. What is there and whole is left alone, so after a signal,
a killed process or a full disk the same command goes on. Run by a terminal without \`--fetch\` and without files it asks.
[deployment.md](deployment.md#nvidia-gpu) has what is fetched, and what for.
`,
  doctor: `
Looks at the processor, memory, GPU, clock, libraries, folders (can they be written, is there room), ports and models, and draws a
small picture with the demo model on the providers that are set. Each finding is \`ok\`, \`weak\` (it works, and worse than it could) or
\`FAULT\`, with the way to mend it, and printed as it is found; one \`FAULT\` makes the exit code 1. Nothing that it makes stays.
`,
  complete: `
Completion of commands, flags and the values of those that take one of a few words; where nothing is offered, names of files are, in
bash. Each script may be read several times. bash (4 or newer) needs nothing else, not the package bash-completion either.
`,
};

/** Which libraries do this, and why these. */
export const libraryNotes = `
## Libraries

All of them are plain JavaScript under the MIT licence, need no script of theirs when they are installed, and were tried in the
compiled binary.

| what | package | why this one |
| --- | --- | --- |
| arguments, help | \`commander\` 14 | takes values that may be left out (\`--listen [IP]\`) and repeated flags, as FooocusAPI's start scripts have them; no dependencies. Version 15 wants a newer Node than our scripts |
| progress | \`cli-progress\` | several bars, the time left, and plain lines where there is no terminal |
| pictures | \`supports-terminal-graphics\`, \`ansi-escapes\` | which protocol a terminal has, and iTerm2's; kitty's takes a PNG as it is, and the one package that wraps it brings a second decoder of pictures along. The package \`sixel\` makes a global variable without declaring it, which fails in the bundle, so terminals that have sixel alone show nothing |
| completion | \`@bomb.sh/tab\` | reads commander's own tree, and writes for zsh, fish and PowerShell. Its script for bash needs the package bash-completion, cannot be read twice and runs what stands on the line; ours is used there |
`;
