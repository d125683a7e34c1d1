/**
 * What bash needs to complete the program's words, and nothing else: the library's own script calls a function of the package
 * bash-completion, cannot be read twice, and runs what is on the line as a command.
 *
 * Bash splits words at `=` and `:`; they are put together again, and of an answer only what is behind the last split goes back.
 * Where nothing is offered, names of files are.
 */
export const bashCompletion = (program: string): string => `# bash completion for ${program}

_${program}() {
    local -a words=()
    local at word line value given=""
    for ((at = 1; at <= COMP_CWORD; at++)); do
        word=\${COMP_WORDS[at]}
        if ((at > 1)) && [[ $word == [=:] || \${COMP_WORDS[at - 1]} == [=:] ]]; then
            words[\${#words[@]} - 1]+=$word
        else
            words+=("$word")
        fi
    done
    word=\${words[\${#words[@]} - 1]}
    [[ $word == --*=* ]] && given=\${word%%=*}=
    COMPREPLY=()
    while IFS= read -r line; do
        value=\${line%%$'\\t'*}
        if [[ $line != :* && $value == "\${word#"$given"}"* ]]; then COMPREPLY+=("$value"); fi
    done < <("\${COMP_WORDS[0]/#\\~/$HOME}" complete -- "\${words[@]}" 2>/dev/null)
}

complete -o default -F _${program} ${program}
`;
