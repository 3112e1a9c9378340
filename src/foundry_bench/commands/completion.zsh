#compdef foundry-bench
# foundry-bench: completion for zsh
_foundry_bench() {
    local line files=0
    local -a values told before
    (( CURRENT > 2 )) && before=("${(@Q)words[2,CURRENT-1]}")
    while IFS= read -r line; do
        if [[ $line == :files ]]; then
            files=1
        elif [[ -n $line ]]; then
            values+=("${line%%$'\t'*}")
            told+=("${line/$'\t'/  -- }")
        fi
    done < <(${~words[1]} __complete "=${(Q)PREFIX}" "${before[@]}" 2>/dev/null)
    if (( $#values )); then
        compadd -l -d told -- "${(@)values:#*:}"
        compadd -S '' -- "${(@M)values:#*:}"
    elif (( files )); then
        _files
    fi
}
if [[ $funcstack[1] == _foundry-bench ]]; then
    _foundry_bench "$@"
else
    compdef _foundry_bench foundry-bench
fi
