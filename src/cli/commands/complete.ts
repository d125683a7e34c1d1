import type { CliCommand } from "../cli-command.ts";

/** What shells ask while somebody types. It is answered before the command line is parsed, since it ends in half a word. */
export const completeCommand: CliCommand = {
  name: "complete",
  summary: "prints what a shell needs to complete commands: bash, zsh, fish or powershell",
  settings: "none",
  shape: (command) => {
    command.argument("[shell]").addHelpText("after", installing);
  },
  run: async () => 0,
};

const installing = `
  bash:  source <(fooocusd complete bash)    in ~/.bashrc
  zsh:   source <(fooocusd complete zsh)     in ~/.zshrc, below compinit
  fish:  fooocusd complete fish | source     in ~/.config/fish/config.fish`;
