# foundry-bench: completion for bash
_foundry_bench() {
    local line typed cut="" breaks="${COMP_WORDBREAKS//[^:=]/}"
    typed="${COMP_LINE:0:COMP_POINT}"
    # Readline replaces only what follows the last of its word breaks.
    if [[ -n $breaks ]]; then
        cut="${typed##*[[:space:]]}"
        cut="${cut%"${cut##*["$breaks"]}"}"
    fi
    COMPREPLY=()
    while IFS= read -r line; do
        line="${line%%$'\t'*}"
        if [[ $line == :files ]]; then
            compopt -o default -o bashdefault 2>/dev/null
        elif [[ -n $line ]]; then
            COMPREPLY+=("${line#"$cut"}")
        fi
    done < <("${1/#\~/$HOME}" __complete --line "$typed" 2>/dev/null)
    if [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *: ]]; then
        compopt -o nospace 2>/dev/null
    fi
}
complete -F _foundry_bench foundry-bench
