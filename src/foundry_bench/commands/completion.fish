# foundry-bench: completion for fish
function __foundry_bench_complete
    set -l before (commandline -opc)
    set -l current (commandline -ct)
    set -l program (string replace -r '^~' $HOME -- $before[1])
    set -e before[1]
    for line in ($program __complete "=$current" $before 2>/dev/null)
        if test "$line" = :files
            __fish_complete_path $current
        else if test -n "$line"
            echo $line
        end
    end
end
complete -c foundry-bench -f -a '(__foundry_bench_complete)'
