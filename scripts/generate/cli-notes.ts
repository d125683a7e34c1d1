/** What docs/command-line.md says before the commands. */
export const openingNotes = `
# The command line

<!-- Made by \`npm run bun -- scripts/generate/cli-docs.ts\` from src/cli and scripts/generate/cli-notes.ts; do not edit. -->

\`fooocusd [command] [options]\`. Without a command the server is run, so \`fooocusd --port 8000\` is \`fooocusd serve --port 8000\`.
Every command that needs them takes the [settings of the server](configuration.md) as flags, and reads them from \`config.txt\`
and the environment as the server does; its help lists those that matter to it. What does not fit is refused with the flag, and
nothing is done.

| exit code | means |
| --- | --- |
| 0 | done |
| 1 | not done, or not all of it; the reason is on standard error |
| 130 | interrupted |

What is asked for goes to standard output, what is told on the way (progress, notes) to standard error. Progress is drawn where
standard error is a terminal, else a line now and then.
`;

/** What it says of each command above its help. */
export const commandNotes: Readonly<Record<string, string>> = {
  serve: `
Runs the server. Its flags are the settings of [configuration.md](configuration.md), \`fooocusd serve --help\` lists them.
`,
  complete: `
Completion of commands, flags and the values of those that take one of a few words.
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
| completion | \`@bomb.sh/tab\` | reads commander's own tree, and writes for bash, zsh, fish and PowerShell. It completes no file names |
`;
